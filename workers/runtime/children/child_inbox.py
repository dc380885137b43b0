"""What comes to the process of isolated jobs while its main thread runs one: jobs, cancels, the limit."""

from __future__ import annotations

import math
import select
import socket
import threading
import time
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from backend.domain.jobs.job import ClaimedJob
from workers.base_worker import JobContext, TimeLimitReached
from workers.runtime import interrupts
from workers.runtime.children import frames

if TYPE_CHECKING:
    from workers.runtime.attempts.own_loop import OwnLoop

#: As far ahead as one look goes; `poll` knows no longer times than 24 days.
_FARTHEST_SECONDS = 3600.0


class ChildInbox(threading.Thread):
    """Listens until the other side hangs up. One thread for all jobs: a timer of its own costs each one."""

    def __init__(self, channel: socket.socket) -> None:
        super().__init__(name="inbox", daemon=True)
        self._channel = channel
        self._poll = select.poll()
        self._poll.register(channel, select.POLLIN)
        self._jobs: SimpleQueue[tuple[ClaimedJob, str] | None] = SimpleQueue()
        self._answers: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self._limit_at = math.inf
        #: In which async handlers run; None: none has yet.
        self.own_loop: OwnLoop | None = None
        self._aim = threading.Lock()
        self._running: tuple[ClaimedJob, JobContext] | None = None
        self._interrupted = False
        #: Whether the time of a job was over before it had begun.
        self._is_late = False
        #: The last cancel: it is said once, and may come before the main thread has come to its job.
        self._cancel: dict[str, Any] = {}

    def next_job(self) -> tuple[ClaimedJob, str] | None:
        """The next job and its worker's name; blocks. None when there will be no more."""
        return self._jobs.get()

    def next_answer(self) -> dict[str, Any]:
        """The next answer to what the job has asked; blocks."""
        return self._answers.get()

    def begin(self, job: ClaimedJob, context: JobContext) -> None:
        """The calling thread, which is the main one, begins a job: it may be interrupted.

        Raises `TimeLimitReached` when all of its time went by before, on a machine that stood still.
        """
        with self._aim:
            if self._is_late:
                raise TimeLimitReached
            self._running, self._interrupted = (job, context), False
            # The one before may have been broken off before it took what it had asked for.
            self._answers = SimpleQueue()
            context.canceled |= frames.is_of(job, self._cancel)

    def end(self) -> None:
        """Nothing may interrupt the calling thread any more; what was about to, is called off."""
        with self._aim:
            self._running = None
            if self._interrupted:
                interrupts.call_off()

    def run(self) -> None:
        """The loop of the thread."""
        try:
            while self._hear():
                pass
        finally:
            self._jobs.put(None)

    def _hear(self) -> bool:
        """One frame, or the end of patience with a job; False when the other side is gone."""
        patience = min(max(0.0, self._limit_at - time.monotonic()), _FARTHEST_SECONDS)
        if not self._poll.poll(math.ceil(patience * 1000)):
            self._interrupt()
            return True
        frame = frames.receive(self._channel)
        if frame is None:
            return False
        self._take(frame)
        return True

    def _take(self, frame: dict[str, Any]) -> None:
        if "job" in frame:
            job = frames.job_of(frame)
            self._limit_at, self._is_late = time.monotonic() + (job.timeout or math.inf), False
            self._jobs.put((job, str(frame["worker"])))
            return
        with self._aim:
            if "cancel" in frame:
                self._cancel = frame
            if self._running is None or not frames.is_of(self._running[0], frame):
                return
            if "checkpoint" in frame:
                self._answers.put(frame["checkpoint"])
            else:
                self._running[1].canceled = True

    def _interrupt(self) -> None:
        """Raises in the job that runs, once. Another cannot have begun: it would have come through here."""
        if time.monotonic() < self._limit_at:
            return
        self._limit_at = math.inf
        with self._aim:
            if self._running is None:
                self._is_late = True
                return
            # Raised in a loop it would end that, and come up only once the loop has something to do.
            if self.own_loop is None or not self.own_loop.interrupt(TimeLimitReached, "timeout"):
                self._interrupted = True
                interrupts.raise_in(threading.main_thread().ident, TimeLimitReached)
