"""What all loops share: run a step, wait, outlast whatever a store answers, stop when told to."""

from __future__ import annotations

import threading

from backend.telemetry.outages import Outages, Wait


class Loop:
    """A duty that is done again and again. Subclasses say what a step is and how long to wait."""

    name = "loop"
    #: Of the whole process, so that an outage is told once and not by each loop.
    outages = Outages()
    #: Whether a step ever went well.
    has_stepped = False

    def run_once(self) -> float:
        """One step; returns the seconds until the next."""
        raise NotImplementedError

    def wait(self, seconds: float, stop: threading.Event) -> None:
        """Waits between steps; a loop that can be woken earlier does so here."""
        stop.wait(seconds)

    def close(self) -> None:
        """Called once, after the last step: lets go of what others wait for."""

    def run(self, stop: threading.Event) -> None:
        """Steps until ``stop`` is set. A store that does not serve is waited for, with growing pauses.

        So are tables: the migration may run at this moment, and other loops of the process need none.
        A mistake of our own is waited out as well, and told with its traceback: the next row, or the
        next release, may do without it, and the loops beside this one do not deserve to end with it.
        """
        step = Wait(self.outages, self.name)
        rest = Wait(self.outages, f"{self.name} (idle)", quiet_failures=1)
        while not stop.is_set():
            current = step
            try:
                seconds = self.run_once()
                step.over()
                self.has_stepped = True
                current = rest
                self.wait(seconds, stop)
                rest.over()
            except Exception as error:  # noqa: BLE001 - told by the outages
                stop.wait(current.failed(error))
