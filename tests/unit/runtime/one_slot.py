"""A worker process of one slot, which has claimed its jobs already; it stops when they are done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from backend.domain.jobs.attempts.outcome import Outcome
from backend.domain.jobs.job import ClaimedJob
from backend.domain.jobs.job_type import JobType
from backend.domain.jobs.step_codes import SettleCode
from workers.base_worker import JobContext
from workers.runtime.attempts import attempt
from workers.runtime.attempts.job_contexts import context_of
from workers.runtime.attempts.known_types import KnownTypes
from workers.runtime.attempts.runner import Runner
from workers.runtime.attempts.thread_runner import ThreadRunner
from workers.runtime.slots.claim_order import ClaimOrder
from workers.runtime.slots.running_table import RunningTable
from workers.runtime.slots.slot import Slot
from workers.runtime.slots.slot_pool import SlotPool, no_tally

GREET = JobType("greet", lambda _: 42)


def _plain_context(job: ClaimedJob) -> JobContext:
    return context_of(job, "w")


class OneSlot:
    """Its slot, its pool, and how its jobs ended."""

    def __init__(
        self,
        *jobs: ClaimedJob,
        runner: Runner | None = None,
        make_context: Callable[[ClaimedJob], JobContext] = _plain_context,
    ) -> None:
        self.ended: dict[str, Outcome] = {}
        runner = runner or ThreadRunner(attempt.prepare(GREET, None))
        self.pool = SlotPool(
            worker="w",
            dispatches=[self],
            order=ClaimOrder(["default"], {}),
            calls=self,
            known=KnownTypes({"greet": 1}, {"greet": runner}, {}, patience_seconds=60),
            running_table=RunningTable.create(1),
            make_context=make_context,
            batch_seconds=10,
            batch_limit=10,
            tally=no_tally,
        )
        self.slot = Slot(0, self.pool)
        self.slot.batch.extend(jobs)
        self.pool.slots = [self.slot]

    def settle_and_claim(
        self, ended: Sequence[tuple[ClaimedJob, Outcome]], plan: Any, most: int
    ) -> tuple[list[SettleCode], list[ClaimedJob]]:
        """There are no other jobs."""
        self.ended |= {job.id: outcome for job, outcome in ended}
        return [SettleCode.SETTLED] * len(ended), []

    def claim_when_woken(self, plan: Any, most: int, timeout: float) -> list[ClaimedJob]:
        """Somebody waits for some: all is over."""
        self.pool.stop()
        return []

    def end(self) -> None:
        """Nothing is waited for."""
