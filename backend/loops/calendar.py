"""Writes ahead when freezes hold: at once when somebody said something, else now and then."""

from __future__ import annotations

from typing import Protocol

from backend.domain.ports import Clock
from backend.loops.leader import Leader
from backend.loops.led_loop import LedLoop

#: Seconds between two looks at the calendar; what is written reaches far beyond.
_PLAN_EVERY = 600.0


class Planner(Protocol):
    """The calendar of one Redis."""

    def is_planned(self) -> bool:
        """Whether nothing was said since a plan was begun, and what was planned is not lost."""

    def plan(self, fence: int) -> bool:
        """Writes what is to come; False: a newer leader has been here."""


class Calendar(LedLoop):
    """Plans while it leads. Workers need it once in two days: until then they know what is to come."""

    name = "calendar"

    def __init__(
        self, planner: Planner, leader: Leader, clock: Clock, *, interval: float = 1.0
    ) -> None:
        super().__init__(leader)
        self._planner = planner
        self._clock = clock
        self._interval = interval
        #: As which leader it planned last: another one may have begun a plan since, and not ended it.
        self._planned_as = 0
        self._plan_at = float("-inf")

    def act(self) -> float:
        """One look whether something was said."""
        fence, now = self._leader.fence, self._clock.monotonic()
        if fence == self._planned_as and now < self._plan_at and self._planner.is_planned():
            return self._interval
        if not self._planner.plan(fence):
            self._leader.make_way()
            return self._leader.look_again
        self._planned_as, self._plan_at = fence, now + _PLAN_EVERY
        return self._interval
