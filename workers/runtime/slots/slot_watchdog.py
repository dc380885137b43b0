"""Watches the slots of a process: soft time limits, and batches stuck behind a job that grew long."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING

from backend.domain.jobs.job import ClaimedJob
from workers.base_worker import TimeLimitReached
from workers.runtime.ending import vital
from workers.runtime.slots.slot_pool import SlotPool

if TYPE_CHECKING:
    from workers.runtime.slots.job_slot import JobSlot

_TICK = 0.05
#: A job that runs longer than this may not keep others waiting behind it.
_PATIENCE = 0.05
#: Seconds in which what is being given back as the process ends may be.
_ENDING_SECONDS = 1.0


class SlotWatchdog(threading.Thread):
    """One look at every slot, twenty times a second. It never waits for Redis, as no time limit does."""

    def __init__(self, slot_pool: SlotPool) -> None:
        super().__init__(name="steward", daemon=True)
        self._slot_pool = slot_pool
        self._over = threading.Event()
        #: Batches for which no slot here has time; None: there will be no more.
        self._freed: SimpleQueue[Sequence[ClaimedJob] | None] = SimpleQueue()
        self._returner: threading.Thread | None = None

    @vital
    def run(self) -> None:
        """The loop of the thread."""
        while not self._over.wait(_TICK):
            self.look(time.monotonic())

    def look(self, now: float) -> None:
        """One look; ``now`` is monotonic."""
        stuck = [slot for slot in self._slot_pool.slots if self._is_stuck(slot, now)]
        for slot in stuck:
            self._free_batch(slot)
        if self._returner is None and not self._freed.empty():
            self._start_returner()

    def _is_stuck(self, slot: JobSlot, now: float) -> bool:
        """Whether jobs wait behind one that has grown long, which is interrupted at its limit."""
        job = slot.running
        if job is None:
            return False
        if slot.soft_deadline and now >= slot.soft_deadline:
            slot.interrupt(job, TimeLimitReached)
        return bool(slot.batch) and now - slot.started_at > _PATIENCE

    def _free_batch(self, slot: JobSlot) -> None:
        freed = self._slot_pool.idle.deal(slot.give_up_batch())
        if freed:
            self._freed.put(freed)

    def _start_returner(self) -> None:
        """The first time that there is something; most processes never need it."""
        returner = threading.Thread(target=self._give_back, name="freed", daemon=True)
        # A machine without a thread to give is asked again at the next look.
        with suppress(RuntimeError):
            returner.start()
            self._returner = returner

    @vital
    def _give_back(self) -> None:
        while (freed := self._freed.get()) is not None:
            self._slot_pool.give_back(freed)

    def end(self) -> None:
        """Ends the thread, once what was freed is given back or has had its time."""
        self._over.set()
        if self._returner is not None:
            self._freed.put(None)
            self._returner.join(_ENDING_SECONDS)
