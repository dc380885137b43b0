"""Watches the slots of a process: soft time limits, and batches stuck behind a job that grew long."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from workers.base_worker import TimeLimitReached
from workers.runtime.ending import vital
from workers.runtime.slots.slot_pool import SlotPool

if TYPE_CHECKING:
    from workers.runtime.slots.job_slot import JobSlot

_TICK = 0.05
#: A job that runs longer than this may not keep others waiting behind it.
_PATIENCE = 0.05


class SlotWatchdog(threading.Thread):
    """One look at every slot, twenty times a second."""

    def __init__(self, slot_pool: SlotPool) -> None:
        super().__init__(name="steward", daemon=True)
        self._slot_pool = slot_pool
        self._over = threading.Event()

    @vital
    def run(self) -> None:
        """The loop of the thread."""
        while not self._over.wait(_TICK):
            now = time.monotonic()
            for slot in self._slot_pool.slots:
                self._look_at(slot, now)

    def _look_at(self, slot: JobSlot, now: float) -> None:
        job = slot.running
        if job is None:
            return
        if slot.batch and now - slot.started_at > _PATIENCE:
            self._free_batch(slot)
        if slot.soft_deadline and now >= slot.soft_deadline:
            slot.interrupt(job, TimeLimitReached)

    def _free_batch(self, slot: JobSlot) -> None:
        self._slot_pool.give_back(self._slot_pool.idle.deal(slot.give_up_batch()))

    def end(self) -> None:
        """Ends the thread."""
        self._over.set()
