"""What a worker process does for one job beside its handler, counted in calls: it must stay little."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from backend.broker.jobs import codec
from backend.domain.jobs.attempts.outcome import Outcome
from backend.domain.jobs.job import ClaimedJob
from backend.domain.jobs.job_type import JobType
from backend.domain.jobs.step_codes import SettleCode
from backend.telemetry.metrics.job_counts import JobCounts
from tests.effort import calls_of
from workers.runtime.attempts import attempt
from workers.runtime.attempts.job_contexts import context_maker
from workers.runtime.attempts.known_types import KnownTypes
from workers.runtime.attempts.thread_runner import ThreadRunner
from workers.runtime.slots.claim_order import ClaimOrder
from workers.runtime.slots.running_table import RunningTable
from workers.runtime.slots.slot import Slot
from workers.runtime.slots.slot_pool import SlotPool

_JOBS = 2000
#: Of Python and of C, from the answer of Redis to what it is sent; 112 before there was a limit.
_MOST_CALLS = 98


def _do_nothing(payload: dict[str, Any]) -> None:
    """The handler."""


_ENTRY: list[Any] = [
    *(b"a", b"1767225601500-0", b"1", b"0", None, b"normal", b"noop"),
    codec.data_of("noop", '{"n":1}').encode(),
    *(b"{}", b"60", b"3", b"2026-01-01T00:00:00.000000Z"),
]


class _Store:
    """Packs what is settled, as Redis would be sent it; stops the pool when all jobs are done."""

    def __init__(self) -> None:
        self.left = _JOBS
        self.settled = 0

    def settle_and_claim(
        self, ended: Sequence[tuple[ClaimedJob, Outcome]], plan: Any, most: int
    ) -> tuple[list[SettleCode], list[ClaimedJob]]:
        for pair in ended:
            codec.settle_arguments(*pair)
        self.settled += len(ended)
        jobs = [codec.claimed_job(_ENTRY) for _ in range(min(most, self.left))]
        self.left -= len(jobs)
        return [SettleCode.SETTLED] * len(ended), jobs

    def claim_when_woken(self, plan: Any, most: int, timeout: float) -> list[ClaimedJob]:
        self.slot_pool.stop()
        return []

    def end(self) -> None:
        """Nothing is waited for."""

    slot_pool: SlotPool


def test_a_job_costs_its_worker_few_calls() -> None:
    store, counts = _Store(), JobCounts("default", ["noop"])
    runner = ThreadRunner(attempt.prepare(JobType("noop", _do_nothing), None))
    store.slot_pool = slot_pool = SlotPool(
        worker="w",
        dispatches=[store],
        order=ClaimOrder(["default"], {"high": 6, "normal": 3, "low": 1}),
        calls=store,
        known=KnownTypes({"noop": 1}, {"noop": runner}, {}, patience_seconds=60),
        running_table=RunningTable.create(1),
        make_context=context_maker("w", None, None),  # type: ignore[arg-type]
        batch_seconds=10,
        batch_limit=64,
        tally=counts.count,
    )

    calls = calls_of(Slot(0, slot_pool).run)

    assert store.settled == _JOBS
    assert calls / _JOBS < _MOST_CALLS
