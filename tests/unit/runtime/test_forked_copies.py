"""Copies that a process makes of itself: how they are told from it, and how they end."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from workers.runtime.presence.commands import Commands
from workers.runtime.presence.heartbeat import Heartbeat
from workers.runtime.slots.slot import Slot
from workers.runtime.slots.slot_watchdog import SlotWatchdog

_FORK = """
import os, sys
from workers.runtime.children import forked_copy

{watch}
copy = os.fork()
if copy == 0:
    print("copy" if forked_copy.is_copy() else "a process of its own", flush=True)
    {act}
    print("went on", flush=True)
    os._exit(0)
print(os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1]), forked_copy.is_copy())
"""


def _forked(act: str, watch: str = "forked_copy.watch()") -> tuple[list[str], str]:
    """What the copy and then the original say, on standard output and on standard error."""
    code = _FORK.format(act=act, watch=watch)
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    return ran.stdout.splitlines(), ran.stderr


@pytest.mark.parametrize(
    ("raised", "status", "said"),
    [
        ("None", 0, ""),
        ("SystemExit()", 0, ""),
        ("SystemExit(3)", 3, ""),
        ("SystemExit('bye')", 1, "bye\n"),
        ("ValueError('no')", 1, "ValueError: no\n"),
    ],
)
def test_a_copy_ends_as_python_would(raised: str, status: int, said: str) -> None:
    assert _forked(f"forked_copy.end_copy({raised})") == (["copy", f"{status} False"], said)


def test_a_process_that_runs_no_jobs_may_fork_those_that_do() -> None:
    """A web server reads the modules first and forks its processes then."""
    said, _ = _forked("forked_copy.watch(); forked_copy.end_copy()", watch="")

    assert said == ["a process of its own", "went on", "0 False"]


@pytest.mark.parametrize("kind", [Commands, Heartbeat, Slot, SlotWatchdog])
def test_no_thread_of_ours_hides_what_python_calls_after_a_fork(
    kind: type[threading.Thread],
) -> None:
    """`Commands._stop` did: each copy complained, and took dead threads for living ones."""
    private = {name for name in vars(threading.Thread) if name.startswith("_")}

    assert private & set(vars(kind)) <= {"__init__", "__module__", "__doc__"}
