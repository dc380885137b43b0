"""Time limits hold while Redis does not answer, whatever waits to be given back."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from backend.domain.jobs.attempts.outcome import Outcome
from backend.domain.jobs.job import ClaimedJob
from tests.eventually import eventually
from tests.unit.runtime.attempts import claimed
from tests.unit.runtime.one_slot import OneSlot
from workers.base_worker import TimeLimitReached
from workers.runtime.slots.slot import Slot
from workers.runtime.slots.slot_watchdog import SlotWatchdog


class _Stalled(OneSlot):
    """A process of three slots whose Redis takes what it is sent, and answers when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = threading.Event()
        self.pool.slots = [Slot(number, self.pool) for number in range(3)]
        self.watchdog = SlotWatchdog(self.pool)
        self.raised: list[str] = []

    def settle_and_claim(
        self, ended: Sequence[tuple[ClaimedJob, Outcome]], plan: Any, most: int
    ) -> Any:
        assert self.answers.wait(60)
        return super().settle_and_claim(ended, plan, most)

    def run(self, slot: Any, job_id: str, *behind: str, soft_deadline: float = 0.0) -> None:
        """Has a job run since 100.0, with others behind it."""
        slot.batch.extend(claimed(id=each) for each in behind)
        slot.started_at, slot.soft_deadline = 100.0, soft_deadline
        slot.running = claimed(id=job_id)
        slot.interrupt = lambda job, what: self.raised.append(f"{job.id} {what.__name__}")


@pytest.fixture
def it() -> Iterator[_Stalled]:
    made = _Stalled()
    yield made
    made.answers.set()
    made.watchdog.end()


def _looks(it: _Stalled, now: float) -> None:
    """One look, in a thread of its own: it must come back while Redis does not answer."""
    looking = threading.Thread(target=it.watchdog.look, args=(now,), daemon=True)
    looking.start()
    looking.join(20)
    assert not looking.is_alive()


def test_limits_are_raised_while_batches_wait_for_redis(it: _Stalled) -> None:
    for slot, (job_id, behind) in zip(it.pool.slots, ("ax", "by", "cz"), strict=True):
        it.run(slot, job_id, behind, soft_deadline=101.0)

    _looks(it, 101.5)

    assert it.raised == [f"{job_id} {TimeLimitReached.__name__}" for job_id in "abc"]
    assert [list(slot.batch) for slot in it.pool.slots] == [[], [], []]
    it.answers.set()
    eventually(lambda: set(it.ended) == {"x", "y", "z"})


def test_what_waits_behind_a_job_is_freed_when_that_has_grown_long(it: _Stalled) -> None:
    it.answers.set()
    it.run(it.pool.slots[0], "a", "x", "y")

    _looks(it, 100.04)
    assert len(it.pool.slots[0].batch) == 2
    _looks(it, 100.06)

    it.watchdog.end()
    assert {job_id: outcome.kind.value for job_id, outcome in it.ended.items()} == {
        "x": "returned",
        "y": "returned",
    }
    assert it.raised == []
