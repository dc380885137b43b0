"""What async handlers say of how far they are, told to Redis by another thread: a loop may not wait."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from workers.base_worker import JobContext, ProgressSink
from workers.runtime.ending import vital

log = structlog.get_logger("tally.worker")

_BETWEEN_SECONDS = 0.5


class LoopProgress:
    """The latest word of each job, told twice a second, and before its end is settled."""

    def __init__(self) -> None:
        self._latest: dict[str, Callable[[], None]] = {}
        #: Jobs that have said something: the end of others need not wait for who tells it.
        self._said: set[str] = set()
        self._telling = threading.Lock()
        self._has_some = threading.Event()
        self._thread: threading.Thread | None = None

    def listen(self, context: JobContext) -> None:
        """Has what the handler of ``context`` says kept instead of told at once. In the loop."""
        tell = context.report_progress
        if tell is not None:
            context.report_progress = self._keeper(context.job_id, tell)

    def _keeper(self, job_id: str, tell: ProgressSink) -> ProgressSink:
        def keep(done: float, total: float | None, note: str) -> None:
            self._said.add(job_id)
            self._latest[job_id] = lambda: tell(done, total, note)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="progress", daemon=True)
                self._thread.start()
            self._has_some.set()

        return keep

    @vital
    def _run(self) -> None:
        pause = threading.Event()
        while self._has_some.wait():
            self._has_some.clear()
            for job_id in list(self._latest):
                self._tell(job_id)
            pause.wait(_BETWEEN_SECONDS)

    def _tell(self, job_id: str) -> None:
        try:
            # One at a time: what thins out the words of a job is not for two threads at once.
            with self._telling:
                tell = self._latest.pop(job_id, None)
                if tell is not None:
                    tell()
        except Exception:  # what somebody says of how far he is fails no job, and ends no thread
            log.exception("progress.lost", job_id=job_id)

    def catch_up(self, context: JobContext) -> None:
        """Tells the last word of a job that has ended, and returns when that has been heard."""
        if context.job_id not in self._said:
            return
        self._tell(context.job_id)
        self._said.discard(context.job_id)
        if context.catch_up is not None:
            try:
                with self._telling:
                    context.catch_up()
            except Exception:  # as above
                log.exception("progress.lost", job_id=context.job_id)
