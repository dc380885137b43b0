"""In doubt, a process gives back what never reached it, and nothing of what it has in hand."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from backend.domain.jobs.attempts.outcome import Outcome, OutcomeKind
from backend.domain.jobs.hooks.in_use import IN_USE, Hooks
from backend.domain.jobs.job import ClaimedJob
from backend.domain.jobs.job_type import JobType
from backend.domain.jobs.step_codes import SettleCode
from backend.domain.ports import Lease, Rescued
from tests.eventually import eventually
from tests.unit.runtime.attempts import claimed
from workers.base_worker import JobContext
from workers.runtime.attempts import attempt
from workers.runtime.attempts.known_types import KnownTypes
from workers.runtime.attempts.runner import Interruptible
from workers.runtime.attempts.thread_runner import ThreadRunner
from workers.runtime.slots.claim_order import ClaimOrder
from workers.runtime.slots.lost_claims import LostClaims
from workers.runtime.slots.running_table import RunningJob, RunningTable
from workers.runtime.slots.slot import Slot
from workers.runtime.slots.slot_pool import SlotPool, no_tally


def _do_nothing(payload: Any) -> None:
    """The handler."""


class _SlowToBury:
    """As the runner of a child that is gone: its slot is let go before the child is buried."""

    def __init__(self, bury: Callable[[], object]) -> None:
        self._bury = bury

    def soft_after(self, _job: ClaimedJob) -> float:
        return 0.0

    hard_after = soft_after

    def run(self, _job: ClaimedJob, _context: JobContext, slot: Interruptible) -> Outcome:
        slot.disarm()
        self._bury()
        return Outcome(OutcomeKind.FINISHED, "1")


class _Store:
    """Redis with some jobs, and a worker process of one slot; it stops when they are done."""

    def __init__(self, *jobs: ClaimedJob) -> None:
        self._waiting = list(jobs)
        self.leases: dict[str, Lease] = {}
        self.settled: list[str] = []
        self.rescued: list[tuple[str, OutcomeKind]] = []
        self.runner: Any = ThreadRunner(attempt.prepare(JobType("greet", _do_nothing), None))
        self.catch_up: Callable[[], object] | None = None
        self.slot_pool = SlotPool(
            worker="w",
            dispatches=[self],
            order=ClaimOrder(["default"], {}),
            calls=self,
            known=KnownTypes({"greet": 1}, self, {}, patience_seconds=60),  # type: ignore[arg-type]
            running_table=RunningTable.create(1),
            make_context=self._context,
            batch_seconds=10,
            batch_limit=1,
            tally=no_tally,
        )
        self.slot = Slot(0, self.slot_pool)
        self.slot_pool.slots = [self.slot]
        self.now = 1000.0
        self.lost_claims = LostClaims(self.slot_pool, self, now=lambda: self.now)

    def __getitem__(self, _job_type: str) -> Any:
        return self.runner

    def _context(self, job: ClaimedJob) -> JobContext:
        context = JobContext(job.id, job.job_type, job.attempt)
        context.catch_up = self.catch_up
        return context

    def settle_and_claim(
        self, ended: Sequence[tuple[ClaimedJob, Outcome]], plan: Any, most: int
    ) -> tuple[list[SettleCode], list[ClaimedJob]]:
        for job, _ in ended:
            del self.leases[job.id]
            self.settled.append(job.id)
        taken, self._waiting = self._waiting[:most], self._waiting[most:]
        self.leases |= {job.id: Lease(job.id, job.fence, "9", "w") for job in taken}
        return [SettleCode.SETTLED] * len(ended), taken

    def claim_when_woken(self, plan: Any, most: int, timeout: float) -> list[ClaimedJob]:
        self.slot_pool.stop()
        return []

    def end(self) -> None:
        """Nothing is waited for."""

    def of_worker(self, _worker: str) -> list[Lease]:
        return list(self.leases.values())

    def rescue(self, rescued: Sequence[Rescued], *, only_expired: bool) -> list[bool]:
        self.rescued += [(one.lease.job_id, one.outcome.kind) for one in rescued]
        return [True] * len(rescued)

    def look_for_lost_ones(self, *_: object) -> None:
        """As often as it needs."""
        while self.look(after_seconds=0.5):
            """One that comes late enough is what gives back."""

    def look(self, *, after_seconds: float) -> bool:
        """Once more; whether another look is needed."""
        self.now += after_seconds
        return self.lost_claims.give_back()


def test_what_never_reached_it_is_given_back_as_if_nobody_had_claimed_it() -> None:
    store = _Store()
    store.leases["lost"] = Lease("lost", "5-0", "9", "w")

    store.look_for_lost_ones()

    assert store.rescued == [("lost", OutcomeKind.RETURNED)]


def test_nothing_is_given_back_while_its_answer_may_be_on_its_way() -> None:
    """Whoever waits for work has his answer up to six seconds after Redis gave him a job."""
    store = _Store()
    store.leases["late"] = Lease("late", "5-0", "9", "w")

    looks = [store.look(after_seconds=0.5) for _ in range(13)]

    assert (looks, store.rescued) == ([True] * 13, [])


def test_who_stood_still_between_two_looks_reads_first_what_came_meanwhile() -> None:
    store = _Store()
    store.leases["unread"] = Lease("unread", "5-0", "9", "w")
    store.look(after_seconds=0)

    assert store.look(after_seconds=60)

    assert store.rescued == []


def test_a_job_is_held_until_its_last_word_is_told() -> None:
    store = _Store(claimed())
    store.catch_up = store.look_for_lost_ones

    store.slot.run()

    assert (store.rescued, store.settled) == ([], ["a"])


def test_a_job_is_held_until_its_child_is_buried() -> None:
    store = _Store(claimed())
    store.runner = _SlowToBury(store.look_for_lost_ones)

    store.slot.run()

    assert (store.rescued, store.settled) == ([], ["a"])


@pytest.fixture
def observe() -> Iterator[Callable[[Callable[..., object]], None]]:
    """Has somebody told of each attempt that is settled."""
    yield lambda on_ended: IN_USE.add(object(), Hooks("slow", on_ended=on_ended))
    IN_USE.forget()


def test_jobs_that_came_with_an_answer_are_held_while_observers_are_told_of_others(
    observe: Callable[[Callable[..., object]], None],
) -> None:
    store = _Store(claimed(), claimed(id="next"))
    observe(store.look_for_lost_ones)

    store.slot.run()

    assert (store.rescued, store.settled) == ([], ["a", "next"])


class _TwoTrips(_Store):
    """One whose slot carries a second trip, for somebody who came during the first."""

    def __init__(self, *jobs: ClaimedJob) -> None:
        super().__init__(*jobs)
        self._trips = 0
        self.other = threading.Thread(target=self.slot_pool.exchange, args=([], 1), daemon=True)

    def settle_and_claim(
        self, ended: Sequence[tuple[ClaimedJob, Outcome]], plan: Any, most: int
    ) -> tuple[list[SettleCode], list[ClaimedJob]]:
        self._trips += 1
        if self._trips == 1:
            self.other.start()
            eventually(lambda: self.slot_pool._exchange._waiting)
        if self._trips == 2:
            self.look_for_lost_ones()
        return super().settle_and_claim(ended, plan, most)


def test_jobs_of_a_slot_are_held_while_it_carries_for_others() -> None:
    store = _TwoTrips(claimed())

    store.slot.run()

    store.other.join(60)
    assert (store.rescued, store.settled) == ([], ["a"])
    assert store.slot_pool.held() == []


def test_what_had_begun_here_is_never_told_as_not_begun() -> None:
    """Nobody should be able to lose it; who has lost it all the same runs it again, and says so."""
    store = _Store()
    store.leases = {name: Lease(name, "5-0", "9", "w") for name in ("runs", "ended", "lost")}
    for place, name in enumerate(("runs", "ended")):
        store.slot_pool.running_table.note_running(0, RunningJob(name, "5-0", 1.0, 0.0), place)
    store.slot_pool.running_table.note_ended(0, 1)

    store.look_for_lost_ones()

    assert dict(store.rescued) == {
        "runs": OutcomeKind.RELEASED,
        "ended": OutcomeKind.RELEASED,
        "lost": OutcomeKind.RETURNED,
    }
