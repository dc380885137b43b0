"""Moves due jobs from the schedule to their queues: batches at once, then sleep until the next is due."""

from __future__ import annotations

import threading

import structlog

from backend.domain.ports import Timetable
from backend.loops.leader import Leader
from backend.loops.loop import Loop

log = structlog.get_logger("tally.promoter")


class Promoter(Loop):
    """Promotes while it leads. Promoting is idempotent; leading only spares the others the work."""

    name = "promoter"

    def __init__(self, timetable: Timetable, leader: Leader, *, batch: int) -> None:
        self._timetable = timetable
        self._leader = leader
        self._batch = batch
        self.promoted = 0
        self.lateness = 0.0

    def run_once(self) -> float:
        """Promotes one batch; the wait is none while more is due."""
        if not self._leader.leads():
            return self._leader.look_again
        promotion = self._timetable.promote(self._batch, self._leader.fence)
        if promotion.moved < 0:
            self._leader.make_way()
            return self._leader.look_again
        self.promoted += promotion.moved
        if promotion.moved:
            self.lateness = promotion.lateness
        if promotion.moved >= self._batch:
            return 0.0
        longest = self._leader.look_again
        return longest if promotion.next_due is None else min(promotion.next_due, longest)

    def close(self) -> None:
        """Lets another scheduler lead at once."""
        self._timetable.leave_changes()
        self._leader.give_up()

    def wait(self, seconds: float, stop: threading.Event) -> None:
        """Sleeps until the next job is due, or an earlier one arrives.

        Who does not lead hears of none: each is told to one who listens, and would be told in vain.
        """
        if not self._leader.fence:
            self._timetable.leave_changes()
            super().wait(seconds, stop)
        elif seconds > 0 and not stop.is_set():
            self._timetable.wait_for_change(seconds)
