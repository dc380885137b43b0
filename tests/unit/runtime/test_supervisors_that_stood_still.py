"""Where a whole host was frozen nobody is killed for a silence in which the supervisor was silent too."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from workers.runtime.slots.running_table import RunningJob, RunningTable
from workers.runtime.supervision import supervisor
from workers.runtime.supervision.killing import Killing, overdue_jobs, ran_no_python
from workers.runtime.supervision.rescues import Rescues
from workers.runtime.supervision.supervisor import Post, Supervisor
from workers.runtime.supervision.supervisor_spec import LaneSpec
from workers.runtime.supervision.worker_handle import WorkerHandle


class _Member(WorkerHandle):
    """A worker process without a process."""

    def __init__(self, now: float) -> None:
        self.name, self.lane = "w", "default"
        self.running_table = RunningTable.create(1)
        self.running_table.beat(now)
        self.started = now
        self.killing = None

    def returncode(self) -> int | None:
        return None

    def kill(self, killing: Killing) -> None:
        self.killing = self.killing or killing


class _Host:
    """A supervisor and its worker process, by a clock that the test sets. Leases are of 90 s."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(supervisor, "time", SimpleNamespace(monotonic=lambda: self.now))
        lanes = {"default": LaneSpec(1, 1, 0.0)}
        rescues = Rescues(lambda *_: pytest.fail("nobody died"))
        self.supervisor = Supervisor(lanes, rescues, lease_seconds=90)
        self.member = _Member(self.now)
        self.table = self.member.running_table
        self.supervisor._handles[Post("default", 0)] = self.member

    def steps(self, times: int = 1, *, after_seconds: float) -> Killing | None:
        for _ in range(times):
            self.now += after_seconds
            self.supervisor.step()
        return self.member.killing


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> _Host:
    return _Host(monkeypatch)


def test_who_says_after_it_that_he_lives_is_not_killed(host: _Host) -> None:
    host.steps(after_seconds=0.1)

    assert host.steps(after_seconds=200) is None

    host.table.beat(host.now + 0.5)
    assert host.steps(100, after_seconds=0.1) is None


def test_who_does_not_is_killed_some_seconds_later(host: _Host) -> None:
    host.steps(after_seconds=200)

    assert host.steps(49, after_seconds=0.1) is None

    assert host.steps(2, after_seconds=0.1) == ran_no_python()


def test_a_job_whose_time_ran_out_meanwhile_may_end_in_order(host: _Host) -> None:
    job = RunningJob("a", "1-0", host.now, host.now + 60)
    host.table.note_running(0, job)

    assert host.steps(after_seconds=200) is None

    host.table.beat(host.now)
    assert host.steps(60, after_seconds=0.1) == overdue_jobs([job])


def test_a_supervisor_that_is_slow_each_time_kills_all_the_same(host: _Host) -> None:
    assert host.steps(16, after_seconds=6) == ran_no_python()
