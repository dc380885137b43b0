"""Runs jobs in child processes: for what computes, eats memory, or may take its process down."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from queue import Empty, LifoQueue
from typing import Any

from backend.domain.job import ClaimedJob
from backend.domain.outcome import Outcome, died
from workers.base_worker import JobContext
from workers.runtime import attempt, frames
from workers.runtime.attempt_error import HardLimitReached
from workers.runtime.child_process import ChildGone, ChildProcess
from workers.runtime.runner import Interruptible, hard_timeout

_LOOK_UP = 0.05
_RECYCLE_JOBS = 200
_RECYCLE_RSS = 512 * 1024 * 1024


class ChildPool:
    """Warm children of one worker process; made when needed, recycled by jobs and memory."""

    def __init__(self, limits: Mapping[str, int]) -> None:
        self._limits = limits
        self._warm: LifoQueue[ChildProcess] = LifoQueue()
        self._all: set[ChildProcess] = set()
        self._lock = threading.Lock()

    def take(self) -> ChildProcess:
        """A warm child, or a new one."""
        try:
            return self._warm.get_nowait()
        except Empty:
            child = ChildProcess(self._limits)
            with self._lock:
                self._all.add(child)
            return child

    def put_back(self, child: ChildProcess) -> None:
        """Keeps a healthy child for the next job."""
        child.jobs += 1
        if child.jobs >= _RECYCLE_JOBS or child.rss_bytes() > _RECYCLE_RSS:
            self.end(child)
        else:
            self._warm.put(child)

    def end(self, child: ChildProcess) -> None:
        """Kills a child."""
        with self._lock:
            self._all.discard(child)
        child.kill()

    def close(self) -> None:
        """Kills every child."""
        with self._lock:
            children, self._all = list(self._all), set()
        for child in children:
            child.kill()


class ChildRunner:
    """The runner of isolated job types, and of suspects of any type."""

    def __init__(self, pool: ChildPool, grace: float, worker: str) -> None:
        self._pool = pool
        self._grace = grace
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
        child = None
        try:
            child = self._pool.take()
            child.say(frames.job_frame(job, self._worker))
            outcome = self._follow(child, job, context)
            slot.disarm()
            self._pool.put_back(child)
        except ChildGone as gone:
            outcome = self._ended(child, _crashed(job, gone))
        except BaseException as raised:  # noqa: BLE001 - an interrupt of this thread
            slot.disarm()
            outcome = self._ended(child, attempt.failure(job, raised, context.canceled))
        return outcome._replace(run_seconds=time.perf_counter() - started)

    def _ended(self, child: ChildProcess | None, outcome: Outcome) -> Outcome:
        if child is not None:
            self._pool.end(child)
        return outcome

    def _follow(self, child: ChildProcess, job: ClaimedJob, context: JobContext) -> Outcome:
        limit = hard_timeout(job, self._grace)
        deadline = time.monotonic() + limit if limit else None
        told = False
        while True:
            frame = child.next_frame(_LOOK_UP)
            if frame is not None and "outcome" in frame:
                return frames.outcome_of(frame)
            if frame is not None:
                _pass_on(frame, context)
            if context.canceled and not told:
                child.say({"cancel": True})
                told = True
            if deadline is not None and time.monotonic() > deadline:
                raise HardLimitReached(f"killed {limit:g} s after it started")


def _pass_on(frame: dict[str, Any], context: JobContext) -> None:
    if "progress" in frame:
        done, total, note = frame["progress"]
        context.progress(done, total, note)


def _crashed(job: ClaimedJob, gone: ChildGone) -> Outcome:
    """It took its own process down, and nothing else was in there."""
    return died("crashed", str(gone), failures=job.failures, max_attempts=job.max_attempts)
