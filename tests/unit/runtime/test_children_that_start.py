"""A job whose process takes long to start ends as fast as any other when it is told to."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from backend.domain.jobs.attempts.outcome import OutcomeKind
from tests.eventually import eventually
from tests.unit.runtime.attempts import claimed
from tests.unit.runtime.one_slot import GREET, OneSlot
from workers.base_worker import StopRequested
from workers.runtime.children import child_process
from workers.runtime.children.child_keeper import ChildKeeper
from workers.runtime.children.child_pool import ChildPool
from workers.runtime.children.child_process import Surroundings
from workers.runtime.children.child_runner import ChildRunner

_NEVER_READY = [sys.executable, "-S", "-c", "import time; time.sleep(600)"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Surroundings]:
    """Surroundings of children that import for ever."""
    monkeypatch.setattr(child_process, "own_program", lambda *_: _NEVER_READY)
    yield Surroundings(str(tmp_path), dict(os.environ), 0o022, {})
    for child in _children():
        child.kill()


def _children() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if _program(child) == _NEVER_READY]


def _program(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_a_job_can_be_stopped_by_force_while_its_process_starts(here: Surroundings) -> None:
    job = claimed()
    it = OneSlot(job, runner=ChildRunner(ChildPool(here), GREET, "w"))
    it.slot.start()
    eventually(_children)

    it.slot.force_to_end(job)

    it.slot.join(20)
    assert not it.slot.is_alive()
    assert it.ended["a"].kind is OutcomeKind.RELEASED
    eventually(lambda: not _children())


def test_or_while_it_waits_until_another_one_is_buried(here: Surroundings) -> None:
    keeper = ChildKeeper(here)
    burying, buried = threading.Event(), threading.Event()
    keeper._asked.put(lambda: _wait(burying, buried))
    keeper.start()
    assert burying.wait(60)
    raised: list[StopRequested] = []
    asking = threading.Thread(target=_ask, args=(keeper, raised), daemon=True)
    asking.start()
    eventually(keeper._asked.qsize)

    _raise_in(asking)

    asking.join(20)
    assert len(raised) == 1
    # Nobody knows of the one that comes all the same.
    buried.set()
    wanted = keeper.start_child()
    assert [child.pid for child in _children()] == [wanted._process.pid]
    wanted.kill()


def _wait(burying: threading.Event, buried: threading.Event) -> None:
    burying.set()
    buried.wait(60)


def _ask(keeper: ChildKeeper, raised: list[StopRequested]) -> None:
    try:
        keeper.start_child()
    except StopRequested as stopped:
        raised.append(stopped)


def _raise_in(thread: threading.Thread) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread.ident or 0), ctypes.py_object(StopRequested)
    )
