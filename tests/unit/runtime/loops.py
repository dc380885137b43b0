"""An event loop with its slots, over a store that is played."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from backend.broker.jobs import codec
from backend.domain.jobs.attempts.outcome import Outcome
from backend.domain.jobs.job import ClaimedJob
from backend.domain.jobs.job_type import JobType
from backend.domain.jobs.step_codes import SettleCode
from backend.domain.ports import PickedOut, WantedTypes
from workers.base_worker import JobContext
from workers.runtime.attempts import attempt
from workers.runtime.attempts.job_contexts import context_of
from workers.runtime.attempts.known_types import KnownTypes
from workers.runtime.loop.event_loops import loop_maker
from workers.runtime.loop.loop_jobs import LoopJobs
from workers.runtime.loop.loop_slot import LoopSlot
from workers.runtime.loop.loop_slot_pool import LoopSlotPool
from workers.runtime.loop.loop_thread import LoopThread
from workers.runtime.loop.passing_over import PassingOver
from workers.runtime.slots.claim_order import ClaimOrder
from workers.runtime.slots.running_table import RunningTable
from workers.runtime.slots.slot_pool import no_tally


class Queue:
    """Jobs that wait, and how those ended that were settled."""

    def __init__(self) -> None:
        self.waiting: list[ClaimedJob] = []
        self.settled: list[tuple[str, Outcome]] = []
        self.asked: list[int] = []
        #: Where each look for some types began, and for how many jobs.
        self.looks: list[tuple[int, int]] = []
        self.pool: LoopSlotPool | None = None

    def add(self, job_type: str, count: int = 1, **fields: Any) -> None:
        """Jobs of one type wait."""
        for _ in range(count):
            number = len(self.waiting)
            data = codec.data_of(job_type, "{}").encode()
            values = {"attempt": 1, "failures": 0, "suspect": False, "queue": "normal"}
            values |= {"options": b"{}", "timeout": 60.0, "max_attempts": 1, **fields}
            job = ClaimedJob(
                id=f"{job_type}-{number}", fence="1-0", job_type=job_type, data=data, **values
            )
            self.waiting.append(job)

    def settle_and_claim(
        self, ended: Sequence[tuple[ClaimedJob, Outcome]], plan: Any, most: int
    ) -> tuple[list[SettleCode], list[ClaimedJob]]:
        """As Redis does."""
        self.settled += [(job.id, outcome) for job, outcome in ended]
        if most:
            self.asked.append(most)
        taken, self.waiting = self.waiting[:most], self.waiting[most:]
        return [SettleCode.SETTLED] * len(ended), taken

    def pick_out(self, wanted: WantedTypes, plan: Any, most: int, start: int = 0) -> PickedOut:
        """As Redis does."""
        at = self.waiting[start : start + 100]
        others = wanted.others
        found = [job for job in at if (job.job_type in wanted.job_types) != others][:most]
        self.looks.append((start, most))
        self.waiting = [job for job in self.waiting if job not in found]
        return PickedOut(found, len(at) == 100)

    def claim_when_woken(self, plan: Any, most: int, timeout: float) -> list[ClaimedJob]:
        """Nothing ever comes while somebody listens: then all is over."""
        if self.pool is not None:
            self.pool.stop()
        return []

    def end(self) -> None:
        """Nothing is waited for."""


class Bench:
    """The parts of one process that concern the loop."""

    def __init__(self, handlers: Mapping[str, Any], slots: int, loop: str) -> None:
        self.queue = Queue()
        self.table = RunningTable.create(1, slots)
        self.thread = LoopThread(loop_maker(loop))
        self.contexts: dict[str, JobContext] = {}
        kinds = {name: JobType(name, call, grace=0.01) for name, call in handlers.items()}
        self.jobs = LoopJobs(
            self.thread,
            [LoopSlot(1 + number, self.table, self.thread) for number in range(slots)],
            {n: attempt.prepare(kind, None) for n, kind in kinds.items() if kind.is_async},
            self._context,
        )
        order = ClaimOrder(["default"], {"high": 6, "normal": 3, "low": 1})
        self.pool = self.queue.pool = LoopSlotPool(
            self.jobs,
            PassingOver(self.queue, order.plan, tuple(self.jobs.prepared)),
            worker="w",
            dispatches=[self.queue],
            order=order,
            calls=self.queue,
            known=KnownTypes(
                dict.fromkeys(kinds, 1), dict.fromkeys(kinds), {}, patience_seconds=60
            ),  # type: ignore[arg-type]
            running_table=self.table,
            make_context=self._context,
            batch_seconds=10,
            batch_limit=32,
            tally=no_tally,
        )

    def _context(self, job: ClaimedJob) -> JobContext:
        self.contexts[job.id] = context_of(job, "w")
        return self.contexts[job.id]

    def settle(self, jobs: int) -> list[Outcome]:
        """Settles until so many have ended; how they did."""
        while len(self.queue.settled) < jobs:
            self.pool.settle(self.jobs.next_ended(100))
        return [outcome for _, outcome in self.queue.settled]

    def turn(self) -> None:
        """Returns when the loop has done what it was asked to before."""
        turned = threading.Event()
        self.thread.call(turned.set)
        assert turned.wait(60)


@contextmanager
def bench(handlers: Mapping[str, Any], slots: int = 4, loop: str = "asyncio") -> Iterator[Bench]:
    """One whose loop runs."""
    made = Bench(handlers, slots, loop)
    made.thread.start()
    try:
        yield made
    finally:
        made.thread.close()
        made.thread.loop.close()
