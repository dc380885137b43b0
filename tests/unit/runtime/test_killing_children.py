"""The end of an isolated job's process: nothing below it is spared because of one that is out of reach."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from structlog.testing import capture_logs

from tests.eventually import eventually
from workers.runtime.children import child_process, descendants
from workers.runtime.children.child_process import ChildProcess, Surroundings

#: Starts processes in sessions of their own, notes which, and waits.
_JOB = """
import subprocess, sys, time
sleeps = [sys.executable, "-S", "-c", "import time; time.sleep(600)"]
below = [subprocess.Popen(sleeps, start_new_session=True).pid for _ in range(3)]
print(*below, flush=True, file=open(sys.argv[1], "w"))
time.sleep(600)
"""


class _Running:
    """A child that runs such a job."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        noted = folder / "below"
        program = [sys.executable, "-S", "-c", _JOB, str(noted)]
        monkeypatch.setattr(child_process, "own_program", lambda *_: program)
        monkeypatch.setattr(child_process, "_BURIAL_SECONDS", 0.2)
        here = Surroundings(str(folder), dict(os.environ), 0o022, {})
        self.child = ChildProcess(here)
        self.pid = self.child._process.pid
        eventually(lambda: noted.exists() and noted.read_text().endswith("\n"))
        self.below = [int(pid) for pid in noted.read_text().split()]


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[_Running]:
    made = _Running(tmp_path, monkeypatch)
    yield made
    for pid in (*made.below, made.pid):
        _end(pid)
    made.child._process.wait()


def _out_of_reach(pid: int) -> Callable[..., None]:
    """As the system answers of a process that is another user's."""
    kill = psutil.Process.kill

    def refuse(process: psutil.Process) -> None:
        if process.pid == pid:
            raise psutil.AccessDenied(pid)
        kill(process)

    return refuse


def _end(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def test_one_below_that_may_not_be_killed_spares_neither_the_child_nor_others(
    running: _Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *others = running.below
    with monkeypatch.context() as system:
        system.setattr(psutil.Process, "kill", _out_of_reach(first))
        running.child.kill()

    assert running.child.has_ended()
    eventually(lambda: not any(map(_runs, others)))
    assert _runs(first)


def test_what_is_below_a_child_that_is_killed_is_buried(
    running: _Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child_process, "_BURIAL_SECONDS", 60)

    running.child.kill()

    assert not any(map(psutil.pid_exists, running.below))


def test_a_child_is_killed_where_the_system_hides_what_is_below_it(
    running: _Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hide(_process: psutil.Process, **_: Any) -> list[psutil.Process]:
        raise psutil.AccessDenied

    with monkeypatch.context() as system:
        system.setattr(psutil.Process, "children", hide)
        running.child.kill()

    assert running.child.has_ended()


def test_a_child_that_became_another_users_is_told_of_and_not_waited_for(
    running: _Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_group: int, _signal: int) -> None:
        raise PermissionError

    with monkeypatch.context() as system, capture_logs() as lines:
        system.setattr(os, "killpg", refuse)
        running.child.kill()

    assert [(line["event"], line["pid"]) for line in lines] == [("child.not_killed", running.pid)]
    assert not any(map(_runs, running.below))


def test_the_memory_of_a_child_that_may_not_be_asked_is_unknown(
    running: _Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_process: psutil.Process) -> None:
        raise psutil.AccessDenied

    with monkeypatch.context() as system:
        system.setattr(psutil.Process, "memory_info", refuse)
        assert running.child.rss_bytes() == 0
    running.child.kill()


def test_what_a_job_left_is_ended_but_for_what_may_not_be(monkeypatch: pytest.MonkeyPatch) -> None:
    sleeps = [sys.executable, "-S", "-c", "import time; time.sleep(600)"]
    left = [subprocess.Popen(sleeps) for _ in range(3)]
    below = [psutil.Process(process.pid) for process in left]
    with monkeypatch.context() as system:
        system.setattr(psutil.Process, "children", lambda *_, **__: below)
        system.setattr(psutil.Process, "kill", _out_of_reach(left[0].pid))
        assert descendants.end_descendants()

    ended = [process.wait(60) if process is not left[0] else process.poll() for process in left]
    assert [code is None for code in ended] == [True, False, False]
    left[0].kill()
    left[0].wait()


def _runs(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
