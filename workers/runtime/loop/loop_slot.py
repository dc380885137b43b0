"""A slot whose job is a task of the event loop."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from backend.domain.jobs.attempts.outcome import Outcome
from backend.domain.jobs.job import ClaimedJob
from workers.base_worker import JobContext, StopRequested, TimeLimitReached
from workers.runtime.attempts import attempt
from workers.runtime.attempts.attempt_error import HardLimitReached
from workers.runtime.attempts.runner import hard_timeout
from workers.runtime.loop.loop_thread import LoopThread
from workers.runtime.slots.running_table import RunningJob, RunningTable

#: Seconds a task that must end has, after it was cancelled.
OBEDIENCE_SECONDS = 5.0


class LoopSlot:
    """One job at a time. What concerns its task happens in the loop's thread, whoever asks for it."""

    def __init__(self, number: int, running_table: RunningTable, thread: LoopThread) -> None:
        self.number = number
        self._running_table = running_table
        self._thread = thread
        self.batch: deque[ClaimedJob] = deque()
        self.running: ClaimedJob | None = None
        self.context: JobContext | None = None
        #: What its job ended with, until that is settled.
        self.ended: tuple[ClaimedJob, Outcome] | None = None
        self.started_at = self.soft_deadline = self.hard_deadline = 0.0
        self.task: asyncio.Task[None] | None = None
        self._prepared: attempt.Prepared | None = None
        #: What the task was cancelled for; None: it was not.
        self._ender: type[BaseException] | None = None
        #: Until when a cancelled task is waited for.
        self._patience_ends = 0.0
        self._interrupted = self._is_lost = False
        #: Told in the loop when its task was cancelled.
        self.when_cancelled: Callable[[LoopSlot], object] = _nobody

    def begin(self, job: ClaimedJob, context: JobContext, prepared: attempt.Prepared) -> None:
        """Notes that the job begins. In the loop."""
        now = time.monotonic()
        hard = hard_timeout(job, prepared.job_type.grace)
        self.started_at, self.context, self._prepared = now, context, prepared
        self.soft_deadline = now + job.timeout if job.timeout else 0.0
        self.hard_deadline = now + hard if hard else 0.0
        self._ender, self._patience_ends = None, 0.0
        self._interrupted = self._is_lost = False
        # Without its limit: to kill the process would end all that runs beside it.
        self._running_table.note_running(self.number, RunningJob(job.id, job.fence, now, 0.0))
        self.running = job

    def meant(self, raised: BaseException) -> BaseException:
        """What a cancellation of ours stands for; one of the handler's own is an error like others."""
        if self._ender is None or not isinstance(raised, asyncio.CancelledError):
            return raised
        ending = self._ender()
        ending.__cause__ = raised
        return ending

    def end(self, job: ClaimedJob, outcome: Outcome) -> None:
        """Notes how the job ended; it is held until that is settled. In the loop."""
        self.ended = (job, outcome)
        self.running = self.task = None
        self._running_table.note_ended(self.number)

    def settled(self) -> None:
        """Notes that the end is on the books: it may take another job."""
        self._running_table.settle(self.number, 1)
        self.ended = self.context = None

    @property
    def is_over(self) -> bool:
        """Whether it holds nothing."""
        return self.running is None and self.ended is None and not self.batch

    def held(self) -> list[ClaimedJob]:
        """Every job it has a lease on, looked for in the order that a job goes."""
        waiting = list(self.batch)
        running = self.running
        ended = self.ended
        found = [*waiting, *([running] if running else [])]
        return [*found, *([ended[0]] if ended and ended[0] is not running else [])]

    def give_up_batch(self) -> list[ClaimedJob]:
        """Takes away a job that has not begun."""
        try:
            return [self.batch.popleft()]
        except IndexError:
            return []

    def interrupt(self, job: ClaimedJob, raised: type[BaseException]) -> bool:
        """Cancels the task of ``job``, once; False if it is over already.

        Not for its time limit while another keeps the loop from it: that time is given to it in addition.
        """
        if raised is TimeLimitReached and self._thread.is_blocked:
            return False
        reason = "timeout" if raised is TimeLimitReached else "lease_lost"
        return self._interrupt(job, raised, reason)

    def excuse(self, seconds: float) -> None:
        """Lengthens the time limit of the running job, which could not run for so long."""
        if self.soft_deadline:
            self.soft_deadline += seconds
        if self.hard_deadline:
            self.hard_deadline += seconds

    def force_to_end(self, job: ClaimedJob) -> None:
        """Cancels the task of ``job``; if it does not obey, its attempt is given up."""
        self._interrupt(job, StopRequested, "canceled")

    def stop(self, job: ClaimedJob) -> None:
        """Cancels the task of ``job`` because the process stops."""
        self._interrupt(job, StopRequested, "stopping")

    def lose(self, job: ClaimedJob) -> bool:
        """Cancels the task of ``job``, whose lease is lost; False if that was known already."""
        if self.running is not job or self._is_lost:
            return False
        self._is_lost = True
        self._interrupt(job, StopRequested, "lease_lost")
        return True

    def is_forsaken(self, now: float) -> bool:  # noqa: ARG002 - those in threads need it
        """Never: a task that does not obey is left behind, and the slot takes another job."""
        return False

    def _interrupt(self, job: ClaimedJob, raised: type[BaseException], reason: str) -> bool:
        if self.running is not job or self._interrupted:
            return False
        self._interrupted = True
        self._thread.call_in_turns(self._cancel, job, raised, reason)
        return True

    def _cancel(self, job: ClaimedJob, raised: type[BaseException], reason: str) -> None:
        if self.running is not job or self._ender is not None or self.task is None:
            return
        self._ender = raised
        now = time.monotonic()
        if raised is TimeLimitReached and self._prepared is not None:
            # From now on, not from its limit: the loop may have been blocked by another until now.
            self._patience_ends = max(self.hard_deadline, now + self._prepared.job_type.grace)
        else:
            self._patience_ends = now + OBEDIENCE_SECONDS
        if self.context is not None:
            self.context.stop_reason = reason
        self.when_cancelled(self)
        self.task.cancel(reason)

    def condemn(self, now: float) -> None:
        """Has the supervisor kill the process for the running job: it blocks the loop for all others."""
        job = self.running
        if job is not None:
            overdue = RunningJob(job.id, job.fence, self.started_at, now)
            self._running_table.note_running(self.number, overdue)

    @property
    def is_cancelled(self) -> bool:
        """Whether its task was cancelled and goes on."""
        return bool(self._patience_ends) and self.running is not None

    def given_up(self, now: float) -> asyncio.Task[Any] | None:
        """Ends the attempt of a task that did not obey its cancellation in time; the task. In the loop."""
        job, task, context, prepared = self.running, self.task, self.context, self._prepared
        if not self.is_cancelled or now < self._patience_ends:
            return None
        if job is None or task is None or context is None or prepared is None:
            return None
        raised = self._ending_of_a_stray(now)
        seconds = now - self.started_at
        self.end(job, attempt.ended_by(raised, prepared.job_type, job, context, seconds))
        return task

    def _ending_of_a_stray(self, now: float) -> BaseException:
        if self._ender is TimeLimitReached:
            seconds = now - self.started_at
            return HardLimitReached(
                f"it ignored its cancellation, and was given up after {seconds:.3g} s"
            )
        return StopRequested("it ignored its cancellation, and was given up")


def _nobody(_slot: LoopSlot) -> None:
    """Nobody wants to know."""
