"""Runs jobs in child processes: for what computes, eats memory, or may take its process down."""

from __future__ import annotations

import time
from typing import Any

import structlog

from backend.domain.jobs.attempts.outcome import AttemptError, Outcome, OutcomeKind, died
from backend.domain.jobs.job import ClaimedJob
from backend.domain.jobs.job_type import JobType
from workers.base_worker import JobContext, StopRequested
from workers.runtime.attempts import attempt
from workers.runtime.attempts.attempt_error import HardLimitReached
from workers.runtime.attempts.runner import Interruptible, hard_timeout
from workers.runtime.children import frames
from workers.runtime.children.child_checkpoints import answered
from workers.runtime.children.child_pool import ChildNotStarted, ChildPool
from workers.runtime.children.child_process import LOOK_SECONDS, ChildGone, ChildProcess

log = structlog.get_logger("tally.worker")

#: Seconds until a slot claims again that got no child: a backlog is not turned over at full speed.
_REST_SECONDS = 0.25


class ChildRunner:
    """The runner of isolated job types, and of suspects of any type."""

    def __init__(self, pool: ChildPool, kind: JobType, worker: str) -> None:
        self._pool = pool
        self.kind = kind
        self._worker = worker

    def soft_after(self, _job: ClaimedJob) -> float:
        """The child raises its own soft limit."""
        return 0.0

    def hard_after(self, _job: ClaimedJob) -> float:
        """The worker process need not die for its child."""
        return 0.0

    def run(self, job: ClaimedJob, context: JobContext, slot: Interruptible) -> Outcome:
        """One attempt in a child; its death is the job's crash and nobody else's."""
        started = time.perf_counter()
        taken: list[ChildProcess] = []
        try:
            outcome = self._attempted(job, context, slot, taken)
        except BaseException as raised:  # noqa: BLE001 - its hard limit, or an interrupt of this thread
            _disarm(slot)
            self._end(taken)
            outcome = attempt.failure(job, raised, context.canceled, self.kind)
        # A child that was killed has left its lines here; of one that was not they come with the outcome.
        lines = attempt.kept_log(self.kind, job, context)
        seconds = time.perf_counter() - started
        return outcome._replace(run_seconds=seconds, log=outcome.log or lines)

    def _attempted(
        self, job: ClaimedJob, context: JobContext, slot: Interruptible, taken: list[ChildProcess]
    ) -> Outcome:
        """The outcome where nothing interrupts it; ``taken`` is given the child."""
        try:
            child = self._pool.take()
            taken.append(child)
            child.say(frames.job_frame(job, self._worker))
            frame = self._follow(child, job, context)
            outcome = frames.outcome_of(frame)
            _disarm(slot)
        except ChildNotStarted as not_started:
            _disarm(slot)
            slot.rest(_REST_SECONDS)
            return _put_off(not_started)
        except ChildGone as gone:
            _disarm(slot)
            self._end(taken)
            return self._gone(job, context, gone)
        self._pool.put_back(child, frame["left"])
        return outcome

    def _gone(self, job: ClaimedJob, context: JobContext, gone: ChildGone) -> Outcome:
        """A job that was ended with all children of its process is to blame for nothing."""
        if self._pool.is_closing:
            stopped = StopRequested("its worker process ended")
            return attempt.failure(job, stopped, context.canceled, self.kind)
        return _crashed(job, gone)

    def _end(self, taken: list[ChildProcess]) -> None:
        while taken:
            self._pool.end(taken.pop())

    def _follow(self, child: ChildProcess, job: ClaimedJob, context: JobContext) -> dict[str, Any]:
        limit = hard_timeout(job, self.kind.grace)
        deadline = time.monotonic() + limit if limit else None
        told = False
        while True:
            frame = child.next_frame(LOOK_SECONDS)
            if frame is not None and not frames.is_of(job, frame):
                log.warning("child.spoke_of_another", job_id=job.id, of=frame.get("of"))
            elif frame is not None and "outcome" in frame:
                return frame
            elif frame is not None:
                _serve(child, job, context, frame)
            if context.canceled and not told:
                child.say(frames.cancel_frame(job))
                told = True
            if deadline is not None and time.monotonic() > deadline:
                raise HardLimitReached(f"killed {limit:g} s after it started")


def _disarm(slot: Interruptible) -> None:
    """Has nothing interrupt this thread any more, also where it is hit in the middle of that: just once."""
    try:
        slot.disarm()
    except BaseException:  # noqa: BLE001 - what it stands for comes too late
        slot.disarm()


def _serve(
    child: ChildProcess, job: ClaimedJob, context: JobContext, frame: dict[str, Any]
) -> None:
    """Does for a job what its own process cannot: it has no way to Redis."""
    if "checkpoint" in frame:
        answer = answered(frame["checkpoint"], context)
        child.say(frames.checkpoint_frame(job, answer))
    elif "line" in frame:
        context.log.take(tuple(frame["line"]))
    else:
        context.progress(*frame["progress"])


def _put_off(not_started: ChildNotStarted) -> Outcome:
    """Its handler never began: that is no attempt. Not to the front of its queue, where it and its
    like would be claimed again and again before the jobs that run in threads.
    """
    error = AttemptError("not_started", "ChildNotStarted", str(not_started))
    return Outcome(OutcomeKind.RETURNED, error=error, delay=not_started.pause_seconds)


def _crashed(job: ClaimedJob, gone: ChildGone) -> Outcome:
    """It took its own process down, and nothing else was in there."""
    return died("crashed", str(gone), failures=job.failures, max_attempts=job.max_attempts)
