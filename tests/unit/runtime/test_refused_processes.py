"""A supervisor on a machine that starts no more processes for it: the crew that it has goes on."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from workers.runtime.slots import running_table
from workers.runtime.slots.running_table import RunningJob, RunningTable
from workers.runtime.supervision import worker_handle
from workers.runtime.supervision.rescue_spec import Burial, RescueSpec
from workers.runtime.supervision.rescues import Rescues
from workers.runtime.supervision.supervisor import Supervisor
from workers.runtime.supervision.supervisor_spec import LaneSpec
from workers.runtime.supervision.worker_handle import WorkerHandle

_SLEEP = [sys.executable, "-S", "-c", "import time; time.sleep(600)"]


class _Rescues(Rescues):
    """Notes who is to be rescued; its looks and its end."""

    def __init__(self) -> None:
        super().__init__(start=self._refuse)
        self.dead: list[Burial] = []
        self.looks = self.ends = 0
        self.raised: Exception | None = None

    def _refuse(self, *_: object) -> subprocess.Popen[bytes]:
        raise AssertionError("nothing is started here")

    def add(self, burial: Burial) -> None:
        self.dead.append(burial)

    def step(self, now: float) -> None:
        self.looks += 1
        if self.raised is not None:
            raise self.raised

    def finish(self, now: float) -> None:
        self.ends += 1


class _Machine:
    """Starts processes that sleep, until it refuses; on it a supervisor of three."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._start = subprocess.Popen
        self.refuses = False
        self.tried = 0
        monkeypatch.setattr(worker_handle, "own_program", lambda *_: _SLEEP)
        monkeypatch.setattr(subprocess, "Popen", self._popen)
        self.rescues = _Rescues()
        lanes = {"default": LaneSpec(processes=3, slots=1, grace_seconds=0.0)}
        self.supervisor = Supervisor(lanes, self.rescues, lease_seconds=600)

    def _popen(self, *arguments: object, **named: object) -> object:
        self.tried += 1
        if self.refuses:
            raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        return self._start(*arguments, **named)  # type: ignore[call-overload]

    @property
    def crew(self) -> list[WorkerHandle]:
        return list(self.supervisor._members())

    def lose_one(self) -> WorkerHandle:
        """One of the crew is dead, and not buried yet."""
        [lost, *_] = self.crew
        lost._process.kill()
        lost._process.wait()
        return lost


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Machine]:
    made = _Machine(monkeypatch)
    yield made
    for member in made.crew:
        member._process.kill()
        member._process.wait()


def _open_files() -> int:
    return int(psutil.Process().num_fds())


def _at(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Lets so many seconds go by, as a supervisor sees it."""
    now = worker_handle.time.monotonic() + seconds
    monkeypatch.setattr(worker_handle.time, "monotonic", lambda: now)


def test_a_start_that_is_refused_leaves_nothing_open(
    machine: _Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.refuses = True
    machine.supervisor.step()
    before = _open_files()

    for _ in range(5):
        _at(monkeypatch, 10)
        machine.supervisor.step()

    assert machine.tried == 6
    assert _open_files() == before


def test_those_that_run_are_watched_and_the_dead_rescued_while_none_can_be_started(
    machine: _Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.supervisor.step()
    lost, hung = machine.lose_one(), machine.crew[1]
    machine.supervisor.step()
    hung.running_table.note_running(0, RunningJob("a", "1-0", 1.0, hard_deadline=1.0))
    machine.refuses = True

    _at(monkeypatch, 1)
    machine.supervisor.step()

    assert hung._process.wait(60) == -signal.SIGKILL
    assert [burial.worker for burial in machine.rescues.dead] == [lost.name]
    assert (machine.tried, machine.rescues.looks) == (4, 3)
    assert machine.supervisor.not_ready() != []


def test_a_post_is_filled_once_the_system_lets_it(
    machine: _Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.supervisor.step()
    machine.lose_one()
    machine.refuses = True
    for _ in range(3):
        _at(monkeypatch, 10)
        machine.supervisor.step()
    machine.refuses = False

    _at(monkeypatch, 10)
    machine.supervisor.step()

    assert len(machine.crew) == 3
    assert not machine.supervisor.outages.reasons()


def test_a_supervisor_stops_in_order_whatever_its_looks_raise(machine: _Machine) -> None:
    machine.supervisor.step()
    crew = machine.crew
    machine.rescues.raised = OSError(errno.EMFILE, os.strerror(errno.EMFILE))
    machine.supervisor.ask_to_stop()

    machine.supervisor.run()

    assert None not in [member._process.returncode for member in crew]
    assert (machine.rescues.ends, machine.crew) == (1, [])


def test_what_cannot_be_handed_to_a_program_leaves_nothing_open() -> None:
    before = _open_files()

    with pytest.raises(TypeError):
        RescueSpec("redis://localhost", "t:", {"level": object()}, []).hand_over()

    assert _open_files() == before


def test_a_table_for_which_there_is_no_memory_leaves_nothing_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))

    monkeypatch.setattr(running_table.mmap, "mmap", refuse)
    before = _open_files()

    with pytest.raises(OSError, match="Cannot allocate memory"):
        RunningTable.create(1)

    assert _open_files() == before
