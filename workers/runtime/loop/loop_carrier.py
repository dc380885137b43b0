"""The threads that settle what ended in the loop."""

from __future__ import annotations

import threading

from workers.runtime.loop.loop_jobs import LoopJobs
from workers.runtime.loop.loop_slot_pool import LoopSlotPool
from workers.runtime.slots.idle_slots import MOST_JOBS


class LoopCarrier(threading.Thread):
    """Settles what ends in the loop, many at once."""

    def __init__(self, number: int, pool: LoopSlotPool, loop_jobs: LoopJobs) -> None:
        super().__init__(name=f"carrier-{number}", daemon=True)
        self._pool = pool
        self._loop_jobs = loop_jobs

    def run(self) -> None:
        """The loop of the thread."""
        while True:
            self._pool.settle(self._loop_jobs.next_ended(MOST_JOBS))
