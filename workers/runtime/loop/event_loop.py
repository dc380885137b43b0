"""The event loop of a worker process: its thread, its slots, and the threads that serve it."""

from __future__ import annotations

import gc
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any

from workers.base_worker import BaseWorker
from workers.job_types.lifespans import close_lifespans
from workers.runtime.ending import close_in_turn
from workers.runtime.loop.loop_carrier import LoopCarrier
from workers.runtime.loop.loop_jobs import LoopJobs
from workers.runtime.loop.loop_seeker import LoopSeeker
from workers.runtime.loop.loop_slot import LoopSlot
from workers.runtime.loop.loop_slot_pool import LoopSlotPool
from workers.runtime.loop.loop_watch import LoopWatch

#: While one waits for Redis, the other has the next outcomes sent.
_CARRIERS = 2
#: Objects made between two looks for garbage; Python's own number is a tenth.
_OBJECTS_BETWEEN_LOOKS = 7000


class EventLoop:
    """What a worker process opens, starts, stops and closes of it."""

    def __init__(
        self,
        loop_jobs: LoopJobs,
        pool: LoopSlotPool,
        workers: Sequence[BaseWorker],
        watch: LoopWatch,
    ) -> None:
        """``workers`` are opened in the loop as well, those that have something for it."""
        self._loop_jobs = loop_jobs
        self._thread = loop_jobs.thread
        self._workers = [worker for worker in workers if worker.is_for_loops()]
        self._opened: list[BaseWorker] = []
        self._watch = watch
        self._carriers = [LoopCarrier(number, pool, loop_jobs) for number in range(_CARRIERS)]
        self._seekers = [LoopSeeker(pool)] if pool.passes_over else []

    @property
    def slots(self) -> Sequence[LoopSlot]:
        """One job at a time each."""
        return self._loop_jobs.slots

    @property
    def has_too_many_strays(self) -> bool:
        """Whether the process should be replaced for the tasks that it cannot end."""
        return self._loop_jobs.has_too_many_strays

    def open(self) -> None:
        """Starts the loop, and opens in it what workers keep there."""
        look_for_garbage_less_often()
        self._thread.start()
        for worker in self._workers:
            self._thread.done(worker.aopen())
            self._opened.append(worker)

    def start(self) -> None:
        """Lets jobs come."""
        self._thread.call(self._loop_jobs.strays.look_after)
        for thread in (*self._carriers, *self._seekers, self._watch):
            thread.start()

    def cancel_all(self) -> None:
        """Cancels every task because the process stops: each is given back, uncharged."""
        for slot in self.slots:
            job = slot.running
            if job is not None:
                slot.stop(job)

    @property
    def is_cancelling(self) -> bool:
        """Whether tasks are still to be cancelled: of thousands, it is done for some at a time."""
        return self._thread.has_calls

    def close(self) -> None:
        """Closes what was opened in the loop, each whatever others raise, and ends it.

        What still runs is cancelled before: it may need that to roll back, or to let go of a lock.
        """
        self._watch.end()
        if not self._thread.is_alive():
            return
        self._thread.end_attempts()
        closings = [close_lifespans, *(worker.aclose for worker in self._opened)]
        try:
            close_in_turn(partial(self._closed, close) for close in closings)
        finally:
            self._thread.close()

    def _closed(self, close: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._thread.done(close())


def look_for_garbage_less_often() -> None:
    """Thousands of tasks that wait are many live objects, and each look goes through them.

    Who has chosen more, or no looks at all (0), has it as it was.
    """
    youngest, *others = gc.get_threshold()
    if 0 < youngest < _OBJECTS_BETWEEN_LOOKS:
        gc.set_threshold(_OBJECTS_BETWEEN_LOOKS, *others)
