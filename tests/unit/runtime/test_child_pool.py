"""Children that cannot be had: how long none is tried, and what is told."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from backend.api.config.settings import load_settings
from backend.bootstrap.job_type_modules import OWN_MODULES
from workers.runtime.children.child_pool import ChildNotStarted, ChildPool
from workers.runtime.children.child_process import Surroundings


class Machine:
    """Starts no process, for a reason that the test gives, at moments that it sets."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.reason: Exception = BlockingIOError(11, "Resource temporarily unavailable")
        self.tried = 0
        surroundings = Surroundings.of_this_process(load_settings(), OWN_MODULES)
        self.pool = ChildPool(surroundings, now=lambda: self.now)
        monkeypatch.setattr(subprocess, "Popen", self._refuse)

    def _refuse(self, *_arguments: object, **_named: object) -> None:
        self.tried += 1
        raise self.reason

    def pause(self) -> float:
        """For how long nothing is tried."""
        with pytest.raises(ChildNotStarted) as caught:
            self.pool.take()
        return caught.value.pause_seconds


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def test_the_pause_grows_to_ten_seconds(machine: Machine) -> None:
    pauses = []
    for _ in range(7):
        pauses.append(machine.pause())
        machine.now += pauses[-1]

    assert pauses == [0.5, 1, 2, 4, 8, 10, 10]
    assert machine.tried == 7


def test_nothing_is_tried_in_a_pause(machine: Machine) -> None:
    machine.pause()
    machine.now += 0.25

    assert machine.pause() == 0.25
    assert machine.tried == 1


def test_each_new_reason_is_told_once(machine: Machine) -> None:
    with capture_logs() as lines:
        for reason in ("processes", "processes", "memory"):
            machine.reason = OSError(reason)
            machine.now += machine.pause()

    assert lines == [
        {
            "event": "child.not_started",
            "log_level": "error",
            "error": f"OSError: {reason}",
            "note": "isolated jobs are put off",
        }
        for reason in ("processes", "memory")
    ]


def test_a_folder_that_is_gone_is_a_reason_like_others(tmp_path: Path) -> None:
    surroundings = Surroundings.of_this_process(load_settings(), OWN_MODULES)
    pool = ChildPool(surroundings._replace(folder=str(tmp_path / "gone")))

    with pytest.raises(ChildNotStarted, match="No such file or directory"):
        pool.take()
