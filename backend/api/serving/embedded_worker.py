"""A worker inside the web process: started and stopped with it, patient while Redis is away."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from backend.telemetry.outages import Outages, Wait

_PAUSE = 1.0
#: Seconds beyond its grace period that a stopping worker is waited for.
_SPARE = 5.0


class Work(Protocol):
    """A worker process's inside, as `WorkerProcess` is."""

    def run(self) -> None:
        """Works until told to stop."""

    def ask_to_stop(self) -> None:
        """Asks for an orderly stop; again, it is the same request."""


class EmbeddedWorker:
    """Runs work in a thread of its own. ``make`` makes it anew for each start.

    Jobs that must be killed to be stopped belong to worker processes: here they would take the web
    process with them, so only their soft time limits hold.
    """

    def __init__(self, make: Callable[[], Work], *, grace: float) -> None:
        self._make = make
        self._grace = grace
        self._work: Work | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="embedded-worker", daemon=True)

    def start(self) -> None:
        """Begins; returns at once, whether Redis is there or not."""
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Asks for an orderly stop and returns at once."""
        self._over.set()
        if self._work is not None:
            self._work.ask_to_stop()

    def stop(self) -> None:
        """Waits until everything is finished or given back."""
        self.ask_to_stop()
        self._thread.join(self._grace + _SPARE)

    def _run(self) -> None:
        wait = Wait(Outages(), "embedded worker")
        while not self._over.is_set():
            try:
                self._work = self._make()
                if not self._over.is_set():
                    self._work.run()
                wait.over()
                pause = _PAUSE
            except Exception as error:  # noqa: BLE001 - told by the outages
                pause = wait.failed(error)
            self._over.wait(pause)
