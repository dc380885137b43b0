"""Wakes idle slots: blocks in Redis on the wake lists of the process's lanes. No polling."""

from __future__ import annotations

import threading
import time
from typing import Protocol

import structlog

from backend.domain.errors import Unavailable
from workers.runtime.crew import Crew

log = structlog.get_logger("tally.worker")
#: A token can be lost with a process that took it; nothing waits longer than this for its job.
_LONGEST_WAIT = 5.0
_PAUSE = 0.5


class WakeCalls(Protocol):
    """Where the broker rings."""

    def wait(self, timeout: float) -> bool:
        """Blocks until a job arrives in one of our lanes; whether one did."""


class Bell(threading.Thread):
    """Listens while some slot is idle."""

    def __init__(self, crew: Crew, calls: WakeCalls) -> None:
        super().__init__(name="bell", daemon=True)
        self._crew = crew
        self._calls = calls

    def run(self) -> None:
        """The loop of the thread."""
        while not self._crew.stopping.is_set():
            with self._crew.idle_changed:
                self._crew.idle_changed.wait_for(
                    lambda: self._crew.has_idle() or self._crew.stopping.is_set(), timeout=1.0
                )
            if self._crew.has_idle():
                self._listen()

    def _listen(self) -> None:
        try:
            self._calls.wait(_LONGEST_WAIT)
        except Unavailable as error:
            log.warning("redis.unavailable", error=str(error))
            time.sleep(_PAUSE)
        self._crew.wake()
