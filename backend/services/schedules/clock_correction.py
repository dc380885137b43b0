"""Takes schedules back after the database's clock was ahead.

A schedule moves on by that clock alone. Who put it forward by a month, for a second, moved all of them
on by a month: none would be due, none overdue, and none would tick until then. What ran meanwhile has
its rows and runs no second time; what was passed over has not come yet, and its rows go.
"""

from __future__ import annotations

from datetime import datetime

from backend.domain.errors import InvalidOption
from backend.domain.schedules.schedule import Schedule
from backend.domain.schedules.schedule_ports import TickBook, UpcomingTicks
from backend.domain.schedules.schedule_tick import due_at_of
from backend.services.schedules.schedule_timing import overtaken
from backend.telemetry.logs.logger import Logger

log = Logger("tally.schedules")


class ClockCorrection:
    """Looks at all schedules when the clock went back, and at first: another may have led till now."""

    def __init__(self, book: TickBook) -> None:
        self._book = book
        self._seen_at: datetime | None = None

    def look_again(self) -> None:
        """Has the next look be at all schedules."""
        self._seen_at = None

    def follow(self, upcoming: UpcomingTicks, most: int) -> bool:
        """Whether a schedule was taken back. ``upcoming`` are the first ``most`` schedules."""
        went_back = self._seen_at is None or upcoming.now < self._seen_at
        self._seen_at = upcoming.now
        return went_back and self._set_right(upcoming, most)

    def _set_right(self, upcoming: UpcomingTicks, most: int) -> bool:
        moved, seen = 0, 0
        while True:
            moved += sum(self._take_back(each, upcoming.now) for each in upcoming.schedules)
            if len(upcoming.schedules) < most:
                return moved > 0
            seen += most
            upcoming = self._book.upcoming(most, seen)

    def _take_back(self, schedule: Schedule, now: datetime) -> bool:
        try:
            next_at = overtaken(schedule, now)
        except InvalidOption:
            # It cannot be read: told of when it is due.
            return False
        if next_at is None:
            return False
        due_at = due_at_of(schedule.id, next_at, schedule.plan.jitter)
        if not self._book.take_back(schedule, next_at, due_at):
            return False
        log.warning("schedule.taken_back", schedule=schedule.name, stood_at=schedule.next_at)
        return True
