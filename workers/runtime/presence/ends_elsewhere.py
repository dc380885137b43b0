"""Tells observers of attempts whose own worker process died, and can tell nobody."""

from __future__ import annotations

import threading

from backend.domain.ports import UntoldEnds
from backend.telemetry.outages import Outages, Wait
from workers.runtime.attempts.observers import tell_of
from workers.runtime.ending import vital

#: Seconds between two looks, and attempts of one.
_LOOK_SECONDS, _MOST = 1.0, 100


class EndsElsewhere(threading.Thread):
    """Looks for such attempts; there is one only in processes that have observers.

    It does not block in Redis: what came while its process ends would be handed to nobody.
    """

    def __init__(self, untold: UntoldEnds, outages: Outages) -> None:
        super().__init__(name="ends-elsewhere", daemon=True)
        self._untold = untold
        self._wait = Wait(outages, "looking for attempts whose processes died", quiet_failures=1)
        self._over = threading.Event()

    @vital
    def run(self) -> None:
        """The loop of the thread."""
        pause_seconds = _LOOK_SECONDS
        while not self._over.wait(pause_seconds):
            try:
                self.tell()
            except Exception as error:  # noqa: BLE001 - told by the outages
                pause_seconds = self._wait.failed(error)
                continue
            self._wait.over()
            pause_seconds = _LOOK_SECONDS

    def tell(self) -> None:
        """One look."""
        for ended in self._untold.take(_MOST):
            tell_of(ended)

    def end(self) -> None:
        """Ends the thread, once it has told what it took."""
        self._over.set()
        if self.is_alive():
            self.join(_LOOK_SECONDS)
