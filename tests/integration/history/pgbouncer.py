"""A PgBouncer in transaction mode before the session's Postgres."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
from sqlalchemy import make_url

from backend.embedded.account import account_for
from tests.eventually import eventually

_SETTINGS = """
[databases]
* = host={postgres} user=tally
[pgbouncer]
unix_socket_dir = {folder}
unix_socket_mode = 0777
listen_addr =
listen_port = 6432
auth_type = any
pool_mode = {mode}
default_pool_size = {pool}
server_idle_timeout = 600
ignore_startup_parameters = extra_float_digits
"""


def program() -> str | None:
    """Where it is installed, if it is."""
    return shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@contextmanager
def pgbouncer(url: str, *, mode: str = "transaction", pool: int = 3) -> Iterator[str]:
    """The address of the same database by way of a pooler."""
    found = program()
    assert found is not None
    folder = Path(tempfile.mkdtemp(prefix="tally-pgbouncer-"))
    postgres = make_url(url).query["host"]
    settings = folder / "pgbouncer.ini"
    settings.write_text(_SETTINGS.format(postgres=postgres, folder=folder, mode=mode, pool=pool))
    account = account_for(Path(str(postgres)))
    account.give(folder)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*account.prefix, found, str(settings)],
            stdout=log, stderr=log, user=account.uid, group=account.gid,
            extra_groups=account.extra_groups,
        )  # fmt: skip
    behind = make_url(url).set(query={"host": str(folder), "port": "6432"})
    try:
        eventually(lambda: _answers(folder, str(behind.database)), show=(folder / "log").read_text)
        yield behind.render_as_string(hide_password=False)
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _answers(folder: Path, database: str) -> bool:
    try:
        psycopg2.connect(host=str(folder), port=6432, user="tally", dbname=database).close()
    except psycopg2.OperationalError:
        return False
    return True
