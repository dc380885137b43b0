"""Shows what attempts log while they run. Nobody pays who logs nothing, nor who ends within a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from backend.domain.jobs.attempts.noted_progress import noted_text
from backend.domain.jobs.step_codes import ExtendCode
from backend.telemetry.logs.logger import Logger
from workers.base_worker import JobContext
from workers.job_types.job_log import JobLog
from workers.runtime.attempts.job_contexts import ProgressNotes
from workers.runtime.attempts.progress import Progress
from workers.runtime.children.forked_copy import is_copy
from workers.runtime.ending import vital

log = Logger("tally.worker")

_BETWEEN_SECONDS = 1.0


class _Watched(NamedTuple):
    context: JobContext
    log: JobLog
    progress: Progress
    #: Hides what the payload holds under its secret fields.
    masked: Callable[[str], str]
    since: float


class LiveLogs:
    """Those of one worker process: a thread from the first line on, which looks once a second."""

    def __init__(self, notes: ProgressNotes, now: Callable[[], float] = time.monotonic) -> None:
        """``now`` gives seconds."""
        self._notes = notes
        self._now = now
        self._watched: dict[int, _Watched] = {}
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def watch(self, context: JobContext, progress: Progress, masked: Callable[[str], str]) -> None:
        """Shows the log of an attempt from now on, until it is over."""
        if context.written is None or is_copy():
            return
        watched = _Watched(context, context.written, progress, masked, self._now())
        self._watched[id(context)] = watched
        if self._thread is None:
            self._begin()

    def _begin(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="live-logs", daemon=True)
                self._thread.start()

    @vital
    def _run(self) -> None:
        while True:
            time.sleep(_BETWEEN_SECONDS)
            self.look()

    def look(self) -> None:
        """One look at each: what is new is shown, what is over is forgotten."""
        for key, watched in list(self._watched.items()):
            if watched.log.is_over or not self._goes_on(watched):
                del self._watched[key]

    def _goes_on(self, watched: _Watched) -> bool:
        if self._now() - watched.since < _BETWEEN_SECONDS:
            return True
        lines = [(at, level, watched.masked(text)) for at, level, text in watched.log.recent()]
        if lines == watched.log.shown:
            return True
        watched.log.shown = lines
        try:
            return self._show(watched.context, watched.log, watched.progress)
        except Exception as error:  # noqa: BLE001 - whatever a store says, the job goes on
            log.debug("progress.lost", job_id=watched.context.job_id, error=str(error))
            watched.log.shown = []
            return True

    def _show(self, context: JobContext, said: JobLog, progress: Progress) -> bool:
        """False when the attempt has ended, or its lease is lost."""
        while True:
            told = progress.told
            text = noted_text(told, said.shown)
            code = self._notes.note(context.job_id, context.fence, text)
            context.canceled |= code == ExtendCode.ASKED_TO_CANCEL
            # The handler may have told more meanwhile, and would be behind on the page.
            if progress.told is told:
                return code != ExtendCode.LOST
