"""Jobs whose leases have ended stop, and do not begin, also where the machine was suspended meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from backend.domain.errors import QueueFull, QueueUnavailable
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
        self.is_away = self.is_full = False
        self.told_to_stop: set[str] = set()
        self.asked = 0
        #: What passes until an answer is here.
        self.answers: Callable[[], None] = lambda: None

    def extend(self, held: Sequence[tuple[str, str]], lease: float) -> list[ExtendCode]:
        self.asked += 1
        if self.is_away:
            raise QueueUnavailable("away")
        self.answers()
        return [self._code(job_id) for job_id, _ in held]

    def _code(self, job_id: str) -> ExtendCode:
        if job_id in self.lost:
            return ExtendCode.LOST
        return (ExtendCode.EXTENDED, ExtendCode.ASKED_TO_STOP)[job_id in self.told_to_stop]

    def beat(self, jobs: Any, **_: Any) -> None:
        """It is heard."""
        if self.is_full:
            raise QueueFull("full")

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


def test_leases_that_were_extended_hold_though_nobody_could_be_told_who_has_them() -> None:
    redis = _Redis()
    heart = _Heart(redis, claimed(id="b"))
    raised = _run(heart.it.slot, claimed(id="a"))
    redis.is_full = True

    for _ in range(20):
        heart.step(10)

    assert (raised, heart.waiting) == ([], ["b"])
    assert [reason.partition(":")[0] for reason in heart.it.pool.outages.reasons()] == ["presence"]


def test_who_is_to_stop_hears_it_though_its_presence_is_refused() -> None:
    redis = _Redis()
    heart = _Heart(redis)
    job = claimed(id="a")
    _run(heart.it.slot, job)
    forced: list[ClaimedJob] = []
    slot: Any = heart.it.slot
    slot.held, slot.force_to_end = lambda: [job], forced.append
    redis.is_full, redis.told_to_stop = True, {"a"}

    heart.step(20)

    assert forced == [job]


def test_a_lease_is_as_old_as_the_request_for_it() -> None:
    redis = _Redis()
    heart = _Heart(redis)
    raised = _run(heart.it.slot, claimed(id="a"))

    def pass_time() -> None:
        heart.now += 5

    redis.answers = pass_time
    heart.step(20)
    redis.is_away = True

    heart.step(83)

    assert [kind.__name__ for kind in raised] == ["StopRequested"]


@pytest.mark.skipif(
    not hasattr(time, "CLOCK_BOOTTIME"), reason="this system's clock goes on anyway"
)
def test_the_clock_of_leases_is_one_that_a_suspended_machine_does_not_stop() -> None:
    before = time.clock_gettime(time.CLOCK_BOOTTIME)

    assert before <= _leases_now() <= time.clock_gettime(time.CLOCK_BOOTTIME)
