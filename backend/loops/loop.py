"""What all loops share: run a step, wait, outlast a store that is away, stop when told to."""

from __future__ import annotations

import threading

import structlog

from backend.domain.errors import MigrationError, Unavailable

log = structlog.get_logger("tally.loop")

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0


class Loop:
    """A duty that is done again and again. Subclasses say what a step is and how long to wait."""

    name = "loop"

    def run_once(self) -> float:
        """One step; returns the seconds until the next."""
        raise NotImplementedError

    def wait(self, seconds: float, stop: threading.Event) -> None:
        """Waits between steps; a loop that can be woken earlier does so here."""
        stop.wait(seconds)

    def close(self) -> None:
        """Called once, after the last step: lets go of what others wait for."""

    def run(self, stop: threading.Event) -> None:
        """Steps until ``stop`` is set. A store that is away is waited for, with growing pauses.

        So are tables: the migration may run at this moment, and other loops of the process need none.
        """
        pause = _FIRST_PAUSE
        while not stop.is_set():
            try:
                self.wait(self.run_once(), stop)
                pause = _FIRST_PAUSE
            except (Unavailable, MigrationError) as error:
                log.warning("loop.waiting", loop=self.name, code=error.code, error=str(error))
                stop.wait(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
