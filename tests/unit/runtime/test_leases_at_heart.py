"""Jobs whose leases have ended stop, and do not begin, also where the machine was suspended meanwhile."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import pytest

from backend.domain.errors import QueueUnavailable
from backend.domain.jobs.job import ClaimedJob
from backend.domain.jobs.step_codes import ExtendCode
from backend.domain.ports import Lease
from tests.unit.runtime.attempts import claimed
from tests.unit.runtime.one_slot import OneSlot
from workers.base_worker import JobContext
from workers.runtime.presence.heartbeat import Heartbeat, _leases_now
from workers.runtime.slots.lost_claims import LostClaims


class _Redis:
    """Has some leases no more, or is away; notes how often it was asked."""

    def __init__(self, *lost: str) -> None:
        self.lost = set(lost)
        self.is_away = False
        self.asked = 0

    def extend(self, held: Sequence[tuple[str, str]], lease: float) -> list[ExtendCode]:
        self.asked += 1
        if self.is_away:
            raise QueueUnavailable("away")
        codes = (ExtendCode.EXTENDED, ExtendCode.LOST)
        return [codes[job_id in self.lost] for job_id, _ in held]

    def beat(self, jobs: Any, **_: Any) -> None:
        """It is heard."""

    def of_worker(self, worker: str) -> list[Lease]:
        raise QueueUnavailable("away")


class _Heart:
    """The heartbeat of one slot, whose clock a test sets."""

    def __init__(self, redis: _Redis, *jobs: ClaimedJob) -> None:
        self.it = OneSlot(*jobs)
        self.now = 1000.0
        presence: Any = redis
        lost = LostClaims(self.it.pool, presence)
        self.heart = Heartbeat(
            self.it.pool, redis, presence, lost, interval=15, lease=90, now=lambda: self.now
        )
        self.heart.step()

    def step(self, after_seconds: float) -> None:
        self.now += after_seconds
        self.heart.step()

    @property
    def waiting(self) -> list[str]:
        return [job.id for job in self.it.slot.batch]


def _run(slot: Any, job: ClaimedJob) -> list[type[BaseException]]:
    """Has a job run as far as the heart sees; what is raised in it."""
    raised: list[type[BaseException]] = []
    slot.running, slot.context = job, JobContext(job.id, job.job_type, 1)
    slot.interrupt = lambda _job, what: not raised.append(what)
    return raised


def test_a_job_whose_lease_was_lost_before_it_began_does_not_begin() -> None:
    heart = _Heart(_Redis("a", "c"), *(claimed(id=job_id) for job_id in "abc"))

    heart.it.slot.run()

    assert list(heart.it.ended) == ["b"]


def test_a_lease_is_asked_for_at_once_when_a_suspended_machine_wakes() -> None:
    redis = _Redis()
    heart = _Heart(redis)
    heart.step(0.5)
    assert redis.asked == 1

    heart.step(600)

    assert redis.asked == 2


def test_nothing_runs_on_or_begins_that_nobody_could_confirm_in_time() -> None:
    redis = _Redis()
    heart = _Heart(redis, claimed(id="b"))
    raised = _run(heart.it.slot, claimed(id="a"))
    redis.is_away = True

    heart.step(80)
    assert (raised, heart.waiting) == ([], ["b"])
    heart.step(8)

    assert [kind.__name__ for kind in raised] == ["StopRequested"]
    assert heart.waiting == []
    # Redis still says that they are ours, and is asked who else has them.
    assert heart.it.pool.in_doubt


@pytest.mark.skipif(
    not hasattr(time, "CLOCK_BOOTTIME"), reason="this system's clock goes on anyway"
)
def test_the_clock_of_leases_is_one_that_a_suspended_machine_does_not_stop() -> None:
    before = time.clock_gettime(time.CLOCK_BOOTTIME)

    assert before <= _leases_now() <= time.clock_gettime(time.CLOCK_BOOTTIME)
