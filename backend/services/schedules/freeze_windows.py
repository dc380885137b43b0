"""When a freeze holds: its windows of the next time. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from backend.domain.schedules.freeze import Freeze, FrozenWindow, Window
from backend.services.schedules.cron_ticks import cron_line
from backend.services.schedules.schedule_zones import zone_of

#: So far ahead windows are written: for so long nobody has to look at the calendar.
AHEAD = timedelta(hours=48)
#: Of one freeze; a line that ticks more often is written so far as they reach.
_MOST = 500
#: The calendar looks every ten minutes; who reads it grants it more.
_MAY_BE_BEHIND = timedelta(hours=1)
_MILLISECOND = timedelta(milliseconds=1)


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


def first_unplanned(freeze: Freeze, known: Iterable[FrozenWindow], now: datetime) -> Window | None:
    """The first of its windows that workers should know by now and do not; None: they know all.

    Of what begins late in the time that is written ahead nothing is said: that is planned when somebody
    next looks at the calendar. Raises `InvalidOption` for a cron line or a time zone that cannot be read.
    """
    own = [each for each in known if (each.name, each.what) == (freeze.name, freeze.what)]
    wanted = windows_of(freeze, now, AHEAD - _MAY_BE_BEHIND)
    return next((each for each in wanted if not any(_is(each, other) for other in own)), None)


def _is(window: Window, known: FrozenWindow) -> bool:
    """Windows are kept to the millisecond."""
    apart = abs(window.starts_at - known.starts_at), abs(window.ends_at - known.ends_at)
    return max(apart) <= _MILLISECOND


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
