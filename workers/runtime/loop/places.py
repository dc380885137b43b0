"""How many jobs the event loop still takes: what is free, and what is promised to claims on their way."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from workers.runtime.loop.loop_slot import LoopSlot


class Places:
    """The free slots of the loop. Safe for several threads.

    Nobody knows of which kind the jobs are that a claim will bring. So each claim first has as many
    places promised as it asks for jobs: whatever comes can begin, or waits for a thread as ever.
    """

    def __init__(self, slots: Sequence[LoopSlot]) -> None:
        # The lowest number first: the running table is read up to the highest that was ever used.
        self._free = list(reversed(slots))
        self._promised = 0
        self._changed = threading.Condition()
        self._is_over = False

    def promise(self, most: int) -> int:
        """Promises up to so many places; how many it could."""
        with self._changed:
            granted = max(0, min(most, len(self._free) - self._promised))
            self._promised += granted
            return granted

    def take(self, wanted: int, promised: int) -> list[LoopSlot]:
        """So many of the places that were promised; the others may be promised again."""
        with self._changed:
            self._promised -= promised
            taken = [self._free.pop() for _ in range(wanted)]
            self._changed.notify_all()
            return taken

    def give_back(self, slots: Sequence[LoopSlot], promised: int = 0) -> None:
        """Slots whose jobs are settled; so many of them are ``promised`` already."""
        with self._changed:
            self._free += slots
            self._promised += promised
            self._changed.notify_all()

    def has_room(self) -> bool:
        """Whether one could be promised."""
        return len(self._free) > self._promised

    def wait_for_room(self, seconds: float | None = None) -> bool:
        """Blocks until one could be promised, or for so long; False when all is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_over or self.has_room(), seconds)
            return not self._is_over

    def end(self) -> None:
        """Lets go who waits."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
