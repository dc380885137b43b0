"""Looks for async jobs while every thread of the process is busy with plain ones."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from backend.telemetry.outages import Wait
from workers.runtime.ending import vital

if TYPE_CHECKING:
    from workers.runtime.loop.loop_slot_pool import LoopSlotPool

#: Seconds between two looks that find nothing, and between two that go on further behind in the queue:
#: in front of a long backlog each process asks Redis for a thousand jobs a second, and not for more.
LOOK_SECONDS, STEP_SECONDS = 0.2, 0.1


class LoopSeeker(threading.Thread):
    """Fetches for the loop what no slot asks for.

    Nothing calls it to work: a token of the wake list may be for a plain job, which it would leave lying.
    """

    def __init__(self, pool: LoopSlotPool) -> None:
        super().__init__(name="seeker", daemon=True)
        self._pool = pool
        self._wait = Wait(pool.outages, "looking for async jobs", quiet_failures=1)

    @vital
    def run(self) -> None:
        """The loop of the thread."""
        pause_seconds = LOOK_SECONDS
        while not self._pool.stopping.wait(pause_seconds):
            pause_seconds = self._look()

    def _look(self) -> float:
        """One look; the seconds until the next."""
        try:
            is_more = self._pool.pick_for_loop()
        except Exception as error:  # noqa: BLE001 - told by the outages
            return self._wait.failed(error)
        self._wait.over()
        return STEP_SECONDS if is_more else LOOK_SECONDS
