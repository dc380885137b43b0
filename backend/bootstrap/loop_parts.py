"""The event loop of a worker process; read only where an async type may come."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from backend.bootstrap.platform import Platform
from backend.domain.jobs.job import ClaimedJob
from backend.domain.jobs.job_type import JobType
from backend.domain.ports import Dispatch
from backend.telemetry.metrics.job_counts import JobCounts
from workers.base_worker import BaseWorker, JobContext
from workers.runtime.attempts import attempt
from workers.runtime.loop.event_loop import EventLoop
from workers.runtime.loop.event_loops import loop_maker
from workers.runtime.loop.loop_jobs import LoopJobs
from workers.runtime.loop.loop_slot import LoopSlot
from workers.runtime.loop.loop_slot_pool import LoopSlotPool
from workers.runtime.loop.loop_thread import LoopThread
from workers.runtime.loop.loop_watch import LoopWatch
from workers.runtime.loop.passing_over import PassingOver
from workers.runtime.slots.claim_order import ClaimOrder
from workers.runtime.slots.running_table import RunningTable

Workers = Mapping[type[BaseWorker], BaseWorker]


def loop_jobs(
    parts: Platform,
    kinds: Sequence[JobType],
    workers: Workers,
    running_table: RunningTable,
    make_context: Callable[[ClaimedJob], JobContext],
) -> LoopJobs:
    """What runs jobs of these types in the loop, in as many slots as the running table has for it."""
    thread = LoopThread(loop_maker(parts.settings.worker.event_loop))
    first = running_table.slots
    numbers = range(first, first + running_table.async_slots)
    prepared = {
        kind.name: attempt.prepare(
            kind, workers[kind.worker] if kind.worker else None, parts.settings.max_result_bytes
        )
        for kind in kinds
    }
    slots = [LoopSlot(number, running_table, thread) for number in numbers]
    return LoopJobs(thread, slots, prepared, make_context)


def slot_pool_beside(jobs: LoopJobs, dispatch: Dispatch | None) -> Callable[..., LoopSlotPool]:
    """Makes the slot pool of a process that has a loop, of what every slot pool is made of.

    ``dispatch`` is for looks behind jobs for which there is no room; None: all types are async.
    """

    def make(*, order: ClaimOrder, **shared: Any) -> LoopSlotPool:
        kinds = tuple(jobs.prepared)
        passing = PassingOver(dispatch, order.plan, kinds) if dispatch is not None else None
        return LoopSlotPool(jobs, passing, order=order, **shared)

    return make


def event_loop(
    parts: Platform,
    jobs: LoopJobs,
    pool: LoopSlotPool,
    workers: Sequence[BaseWorker],
    counts: JobCounts | None,
) -> EventLoop:
    """What the process opens and closes of it."""
    patience_seconds = parts.settings.worker.loop_block_warning_seconds
    watch = LoopWatch(pool.worker, jobs, counts, patience_seconds=patience_seconds)
    return EventLoop(jobs, pool, workers, watch)
