"""When a freeze holds: its windows of the next time. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from backend.domain.schedules.freeze import Freeze, Window
from backend.services.schedules.cron_ticks import cron_line
from backend.services.schedules.schedule_zones import zone_of

#: So far ahead windows are written: for so long nobody has to look at the calendar.
AHEAD = timedelta(hours=48)
#: Of one freeze; a line that ticks more often is written so far as they reach.
_MOST = 500


def windows_of(freeze: Freeze, now: datetime, ahead: timedelta = AHEAD) -> list[Window]:
    """Its windows that are not over and begin within ``ahead``, the first one first.

    Raises `InvalidOption` for a cron line or a time zone that cannot be read.
    """
    found: list[Window] = []
    for window in _from(freeze, now):
        if window.starts_at >= now + ahead or len(found) == _MOST:
            break
        found.append(window)
    return found


def next_window(freeze: Freeze, now: datetime) -> Window | None:
    """The one that holds now, or the first that will; None: it never holds again."""
    return next(_from(freeze, now), None)


def _from(freeze: Freeze, now: datetime) -> Iterator[Window]:
    """Those that end after ``now``."""
    if not freeze.cron:
        if freeze.starts_at and freeze.ends_at and freeze.ends_at > now:
            yield Window(freeze.starts_at, freeze.ends_at)
        return
    line, where = cron_line(freeze.cron), zone_of(freeze.time_zone)
    length = timedelta(seconds=freeze.length_seconds)
    starts_at = line.next_after(now - length, where)
    while starts_at is not None:
        yield Window(starts_at, starts_at + length)
        starts_at = line.next_after(starts_at, where)
