"""Names the job that blocks the event loop, while it does."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
import traceback

import structlog

from backend.telemetry.metrics.job_counts import JobCounts
from workers.runtime.ending import vital
from workers.runtime.loop.loop_jobs import LoopJobs
from workers.runtime.loop.loop_slot import LoopSlot
from workers.runtime.loop.loop_thread import context_of_task

log = structlog.get_logger("tally.worker")

_TICK = 0.1
#: Without an answer for so long, a loop counts as blocked: a busy one takes its time.
_BLOCKED_SECONDS = 0.3
#: The innermost frames tell what it waits for.
_FRAMES = 12
#: A loop that stood still for so long, and beyond the time limit of who blocks it, does not come back.
_HOPELESS_SECONDS = 30.0
#: So many looks after that must find no job to blame: a process that stood still itself answers after one.
_HOPELESS_LOOKS = 100


class LoopStandsStill(Exception):
    """Something that is no running job's has the loop, and does not give it back."""


class LoopWatch(threading.Thread):
    """Asks the loop for a sign of life, ten times a second, in a thread that needs nothing of it."""

    def __init__(
        self,
        worker: str,
        loop_jobs: LoopJobs,
        counts: JobCounts | None = None,
        *,
        patience_seconds: float,
    ) -> None:
        """After ``patience_seconds`` without an answer it tells who blocks, and each time that doubles."""
        super().__init__(name="loop-watch", daemon=True)
        self._worker = worker
        self._loop_jobs = loop_jobs
        self._patience_seconds = patience_seconds
        self._counts = counts
        self._over = threading.Event()
        self._has_answered = threading.Event()
        self._has_answered.set()
        self._asked_at = 0.0
        #: Who blocks the loop, while somebody does and it is known.
        self._blocker: LoopSlot | None = None
        self._blocking_type: str | None = None
        self._tell_after = patience_seconds
        #: How often nobody was to blame for a loop that does not come back.
        self._looks_in_vain = 0

    @vital
    def run(self) -> None:
        """The loop of the thread."""
        while not self._over.wait(_TICK):
            now = time.monotonic()
            if self._has_answered.is_set():
                self.relieve(now - self._asked_at)
                self._has_answered.clear()
                self._asked_at, self._tell_after = now, self._patience_seconds
                self._looks_in_vain = 0
                self._loop_jobs.thread.call(self._has_answered.set)
            else:
                self.complain(now, now - self._asked_at)

    def complain(self, now: float, seconds: float) -> None:
        """Says that the loop has not answered for so long, when it is time; ``now`` is monotonic.

        Raises `LoopStandsStill`, which ends a worker process, when there is no other way.
        """
        if seconds >= _BLOCKED_SECONDS:
            self._loop_jobs.thread.is_blocked = True
            self._note_blocker(self._culprit())
        if seconds >= self._tell_after:
            self._tell_after *= 2
            self._tell(seconds)
        if seconds >= _HOPELESS_SECONDS:
            culprit = self._culprit()
            self._looks_in_vain = 0 if culprit else self._looks_in_vain + 1
            self._condemn(culprit, now)
            self._despair(now, seconds)

    def _note_blocker(self, culprit: LoopSlot | None) -> None:
        job = culprit.running if culprit else None
        if job is not None:
            # Its type now: by the end of the block the slot may have another job.
            self._blocker, self._blocking_type = culprit, job.job_type

    def relieve(self, seconds: float) -> None:
        """Notes that the loop answers again after so long: those who could not run get that time back."""
        if not self._loop_jobs.thread.is_blocked:
            return
        for slot in self._loop_jobs.slots:
            if slot is not self._blocker and slot.running is not None:
                slot.excuse(seconds)
        if self._counts is not None:
            self._counts.count_block(self._blocking_type, seconds)
        self._blocker = self._blocking_type = None
        self._loop_jobs.thread.is_blocked = False

    def _culprit(self) -> LoopSlot | None:
        """Whose task the loop is in. A callback of some library may belong to none."""
        task = asyncio.current_task(self._loop_jobs.thread.loop)
        context = context_of_task(task)
        if context is None:
            return None
        return next((slot for slot in self._loop_jobs.slots if slot.context is context), None)

    def _tell(self, seconds: float) -> None:
        culprit, stack = self._culprit(), self._stack()
        job = culprit.running if culprit else None
        context = culprit.context if culprit else None
        told = {"blocked_seconds": round(seconds, 1), "running": self._running()}
        if job is None or context is None:
            log.warning("loop.blocked", worker=self._worker, job_id=None, stack=stack, **told)
            return
        log.warning(
            "loop.blocked",
            worker=self._worker,
            job_id=job.id,
            job_type=job.job_type,
            stack=stack,
            **told,
        )
        context.log.warning(
            "this handler blocks the event loop, and all jobs in it: await what takes time, or "
            "use asyncio.to_thread",
            blocked_seconds=told["blocked_seconds"],
            at=stack,
        )

    def _running(self) -> int:
        return sum(slot.running is not None for slot in self._loop_jobs.slots)

    def _stack(self) -> str:
        frame = sys._current_frames().get(self._loop_jobs.thread.ident or 0)  # noqa: SLF001 - the way
        lines = traceback.extract_stack(frame)[-_FRAMES:] if frame else []
        return "".join(traceback.format_list(lines)).rstrip()

    def _condemn(self, culprit: LoopSlot | None, now: float) -> None:
        """Tells the supervisor to kill the process for the job that blocks it beyond its limit.

        That one is charged; those beside it are given back, which their own loop could not do.
        """
        if culprit is not None and culprit.hard_deadline and now >= culprit.hard_deadline:
            culprit.condemn(now)

    def _despair(self, now: float, seconds: float) -> None:
        """For jobs that no limit of theirs can end any more; whoever has the loop is none of them.

        It may be a callback, or a task that a job left behind. Each running job has its whole time first.
        """
        slots = self._loop_jobs.slots
        limits = [slot.hard_deadline for slot in slots if slot.running or slot.batch]
        if limits and self._looks_in_vain >= _HOPELESS_LOOKS and now >= max(limits):
            raise LoopStandsStill(
                f"no running job has had it for {seconds:.0f} s:\n{self._stack()}"
            )

    def end(self) -> None:
        """Ends the thread."""
        self._over.set()
