"""The threads that settle what ended in the loop."""

from __future__ import annotations

import threading
import time

import structlog

from workers.runtime.ending import vital
from workers.runtime.loop.loop_jobs import LoopJobs
from workers.runtime.loop.loop_slot_pool import LoopSlotPool
from workers.runtime.slots.idle_slots import MOST_JOBS
from workers.runtime.slots.slot import PAUSE_SECONDS

log = structlog.get_logger("tally.worker")


class LoopCarrier(threading.Thread):
    """Settles what ends in the loop, many at once."""

    def __init__(self, number: int, pool: LoopSlotPool, loop_jobs: LoopJobs) -> None:
        super().__init__(name=f"carrier-{number}", daemon=True)
        self._pool = pool
        self._loop_jobs = loop_jobs

    @vital
    def run(self) -> None:
        """The loop of the thread."""
        while True:
            slots = self._loop_jobs.next_ended(MOST_JOBS)
            try:
                self._pool.settle(slots)
            except Exception:  # without carriers nothing in the loop would ever be settled
                log.exception("carrier.raised", slots=len(slots))
                # What it had claimed, if that got lost, is looked for.
                self._pool.in_doubt = True
                time.sleep(PAUSE_SECONDS)
