"""Tasks that were cancelled and go on: their attempts are given up, and they are asked again to end."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

from workers.runtime.loop.loop_slot import LoopSlot
from workers.runtime.loop.loop_thread import CALLS_OF_A_TURN, LoopThread

#: Seconds between two looks for tasks that do not obey.
_LOOK_SECONDS = 0.25


class Strays:
    """Those of one loop. All of it happens in its thread.

    Only what was cancelled is looked at: to look through ten thousand slots takes 2 ms each time.
    """

    def __init__(self, thread: LoopThread, ended: Callable[[LoopSlot], object]) -> None:
        """``ended`` is told of each slot whose attempt was given up."""
        self._thread = thread
        self._ended = ended
        #: Slots whose tasks were cancelled, and may have ended since.
        self._cancelled: set[LoopSlot] = set()
        #: Tasks whose attempts were given up, and which go on.
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        """How many tasks go on though their attempts were given up."""
        return len(self._tasks)

    def watch(self, slot: LoopSlot) -> None:
        """Looks after a slot whose task was cancelled just now, until that ends."""
        self._cancelled.add(slot)

    def look_after(self) -> None:
        """Looks at all of them, again and again."""
        self.look(
            time.monotonic(), lambda: self._thread.loop.call_later(_LOOK_SECONDS, self.look_after)
        )

    def look(self, now: float, then: Callable[[], object] = lambda: None) -> None:
        """One look, some a turn of the loop, and then what comes after it; ``now`` is monotonic."""
        self._take_turn(deque(self._cancelled), deque(self._tasks), now, then)

    def _take_turn(
        self,
        slots: deque[LoopSlot],
        tasks: deque[asyncio.Task[None]],
        now: float,
        then: Callable[[], object],
    ) -> None:
        try:
            for _ in range(CALLS_OF_A_TURN):
                if slots:
                    self._look_at(slots.popleft(), now)
                elif tasks:
                    tasks.popleft().cancel()
                else:
                    break
        finally:
            # Also where one of them raised: the others are not to wait for ever.
            if slots or tasks:
                self._thread.loop.call_soon(self._take_turn, slots, tasks, now, then)
            else:
                then()

    def _look_at(self, slot: LoopSlot, now: float) -> None:
        if not slot.is_cancelled:
            self._cancelled.discard(slot)
            return
        task = slot.given_up(now)
        if task is not None:
            self._cancelled.discard(slot)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            self._ended(slot)
