"""The jobs that run as tasks of the loop: begun, and ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from contextvars import copy_context
from queue import Empty, SimpleQueue

import structlog

from backend.domain.jobs.job import ClaimedJob
from workers.base_worker import JobContext
from workers.runtime.attempts import attempt
from workers.runtime.attempts.attempt import Prepared
from workers.runtime.loop.loop_progress import LoopProgress
from workers.runtime.loop.loop_slot import LoopSlot
from workers.runtime.loop.loop_thread import AttemptTask, LoopThread, own
from workers.runtime.loop.places import Places
from workers.runtime.loop.strays import Strays

log = structlog.get_logger("tally.worker")

#: Of all slots, so many tasks that do not obey are borne with before the process is replaced.
_STRAYS_BORNE = 0.02


class LoopJobs:
    """Runs jobs in the loop. All but `start` and `next_ended` happens in its thread."""

    def __init__(
        self,
        thread: LoopThread,
        slots: Sequence[LoopSlot],
        prepared: Mapping[str, Prepared],
        make_context: Callable[[ClaimedJob], JobContext],
    ) -> None:
        """``prepared`` has every async type, by name."""
        self.thread = thread
        self.slots = slots
        self.prepared = prepared
        self.places = Places(slots)
        self.progress = LoopProgress()
        self._make_context = make_context
        self._base = copy_context()
        self._ended: SimpleQueue[LoopSlot] = SimpleQueue()
        self.strays = Strays(thread, self._ended.put)
        for slot in slots:
            slot.when_cancelled = self.strays.watch

    @property
    def has_too_many_strays(self) -> bool:
        """Whether the process should be replaced for the tasks that it cannot end."""
        return len(self.strays) > _STRAYS_BORNE * len(self.slots)

    def start(self, jobs: Sequence[ClaimedJob], promised: int) -> None:
        """Begins jobs, at the next turn of the loop; ``promised`` places were kept for them."""
        slots = self.places.take(len(jobs), promised)
        for slot, job in zip(slots, jobs, strict=True):
            slot.batch.append(job)
        if slots:
            self.thread.call(self._begin_all, slots)

    def _begin_all(self, slots: Sequence[LoopSlot]) -> None:
        for slot in slots:
            try:
                job = slot.batch.popleft()
            except IndexError:
                # The process stops, and has given it back.
                self.places.give_back([slot])
                continue
            try:
                self._begin(slot, job)
            except (
                Exception
            ) as unforeseen:  # those that begin in the same turn are not to wait for ever
                log.exception("loop.raised", job_id=job.id, job_type=job.job_type)
                slot.end(job, attempt.failure(job, unforeseen, canceled=False))
                self._ended.put(slot)

    def _begin(self, slot: LoopSlot, job: ClaimedJob) -> None:
        prepared = self.prepared[job.job_type]
        try:
            context = self._make_context(job)
        except Exception as unreadable:  # noqa: BLE001 - its options may be anything, the loop goes on
            slot.end(job, attempt.unbegun(job, unreadable))
            self._ended.put(slot)
            return
        self.progress.listen(context)
        slot.begin(job, context, prepared)
        slot.task = AttemptTask(
            self._run(slot, job, context, prepared),
            loop=self.thread.loop,
            name=job.id,
            context=self._base.copy(),
        )
        own(slot.task, context)

    async def _run(
        self, slot: LoopSlot, job: ClaimedJob, context: JobContext, prepared: Prepared
    ) -> None:
        try:
            outcome = await attempt.run_awaited(prepared, job, context, slot.meant)
        except BaseException as unforeseen:  # or nobody would ever end the attempt
            log.exception("loop.raised", job_id=job.id, job_type=job.job_type)
            seconds = time.monotonic() - slot.started_at
            outcome = attempt.ended_by(unforeseen, prepared.job_type, job, context, seconds)
        if slot.context is not context or slot.running is None:
            log.warning("stray.ended", job_id=job.id, job_type=job.job_type)
            return
        slot.end(job, outcome)
        self._ended.put(slot)

    def next_ended(self, most: int) -> list[LoopSlot]:
        """Slots whose jobs have ended; blocks until there is one."""
        ended = [self._ended.get()]
        with suppress(Empty):
            while len(ended) < most:
                ended.append(self._ended.get_nowait())
        return ended
