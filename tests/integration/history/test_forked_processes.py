"""A process that is forked from one with open connections to Postgres, as by a web server that preloads."""

from __future__ import annotations

import subprocess
import sys

_PREFORKED = """
import gc, os, sys
from sqlalchemy import text
from backend.history.server.connection import connect

def backend():
    with engine.connect() as connection:
        return connection.execute(text("SELECT pg_backend_pid()")).scalar_one()

def child():
    '''Asks, and lets go of all that it was born with.'''
    os.write(told, f"{backend()} ".encode())
    gc.collect()

engine = connect(sys.argv[1])
first = backend()
heard, told = os.pipe()
if sys.argv[2] == "in the middle of taking one":
    # As where another thread of the parent holds it; none of the child ever lets go of it.
    engine.pool._pool.mutex.acquire()
children = []
for _ in range(2):
    children.append(os.fork())
    if not children[-1]:
        try:
            child()
        finally:
            os._exit(0)
for each in children:
    os.waitpid(each, 0)
if sys.argv[2] == "in the middle of taking one":
    engine.pool._pool.mutex.release()
os.close(told)
print(first, backend(), *os.read(heard, 100).decode().split())
"""


def _backends(url: str, when: str) -> list[str]:
    """Of Postgres: that of the parent before and after the forks, and those of its children."""
    ran = subprocess.run(
        [sys.executable, "-c", _PREFORKED, url, when],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return ran.stdout.split()


def test_each_has_connections_of_its_own_and_leaves_those_of_the_parent_open(migrated: str) -> None:
    before, after, *children = _backends(migrated, "between calls")

    assert before == after
    assert len(children) == 2
    assert len({before, *children}) == 3


def test_it_waits_for_no_thread_that_it_does_not_have(migrated: str) -> None:
    before, after, *children = _backends(migrated, "in the middle of taking one")

    assert before == after
    assert len({before, *children}) == 3
