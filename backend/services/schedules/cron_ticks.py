"""Cron lines: five fields as Debian's cron reads them, parsed by cronsim; pure.

cronsim is only given times without a zone. What happens when clocks change is decided here, by two
rules that people expect of cron, because its own way loses ticks where clocks change by half an hour:

- A line with fixed times (neither minute nor hour begins with ``*``) runs once for each time it
  names. A time that does not exist runs at the next instant that does; of a time that comes twice,
  the first counts.
- A line that repeats follows real time: it runs whenever the clock on the wall matches, be it twice.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from backend.domain.errors import InvalidOption
from backend.domain.text.nearest_name import suggestion
from backend.services.schedules.schedule_zones import (
    first_change,
    first_instant,
    offset_at,
    wall_clock,
)

NAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
#: The fields, how cronsim calls each in its errors, and what people may write.
_FIELDS = (
    ("minute", "0-59"),
    ("hour", "0-23"),
    ("day-of-month", "1-31, L or LW"),
    ("month", "1-12 or JAN-DEC"),
    ("day-of-week", "0-7 or SUN-SAT, 5#2, 5L"),
)
_LONGEST = 200
_SECOND = timedelta(seconds=1)
#: Any time will do: a line is checked when it is read.
_SOME_TIME = datetime(2000, 1, 1)  # noqa: DTZ001 - what cronsim is given has no zone


class CronLine:
    """One cron line, checked."""

    def __init__(self, text: str) -> None:
        self.text = text.strip() if isinstance(text, str) else ""
        self._line = _fields_of(self.text)
        _parse(self._line, self.text)
        minute, hour, day, _, weekday = self._line.split()
        self._is_fixed = not minute.startswith("*") and not hour.startswith("*")
        self._either_day = not day.startswith("*") and not weekday.startswith("*")

    def next_after(self, instant: datetime, zone: ZoneInfo) -> datetime | None:
        """The first tick later than an instant, in UTC; None when there is none in 50 years."""
        try:
            if self._is_fixed:
                return self._next_fixed(instant, zone)
            return self._next_repeated(instant, zone)
        except (StopIteration, OverflowError):
            return None

    def words(self) -> str:
        """The line in words, as "At 09:00 on Monday through Friday"."""
        text = CronSim(self._line, _SOME_TIME).explain()
        # Debian's cron runs on either of two restricted days; cronsim says "and".
        return text.replace(" and on ", " or on ") if self._either_day else text

    def _next_fixed(self, after: datetime, zone: ZoneInfo) -> datetime:
        # Times in a gap all run at its end, and of repeated times the second ones do not count:
        # so several times on the wall may lie behind ``after`` that look as if they came later.
        walls = CronSim(self._line, wall_clock(after, zone))
        while True:
            instant = first_instant(next(walls), zone)
            if instant > after:
                return instant

    def _next_repeated(self, after: datetime, zone: ZoneInfo) -> datetime:
        """Goes from one change of the clocks to the next: in between, wall and UTC move together."""
        start, offset = after, offset_at(after, zone)
        wall = (after + offset).replace(tzinfo=None)
        while True:
            tick = next(CronSim(self._line, wall)).replace(tzinfo=UTC) - offset
            change = first_change(zone, start, tick)
            if change is None:
                return tick
            start, offset = change, offset_at(change, zone)
            wall = (change + offset).replace(tzinfo=None) - _SECOND


def _fields_of(text: str) -> str:
    if not text or len(text) > _LONGEST:
        raise _refusal(text, f"use 1 to {_LONGEST} characters")
    if text.startswith("@"):
        line = NAMES.get(text.lower())
        if line is None:
            near = suggestion(text.lower(), NAMES)
            raise _refusal(text, f"there is no such name{near}; use one of {', '.join(NAMES)}")
        return line
    fields = len(text.split())
    if fields != len(_FIELDS):
        hint = "; for less than a minute use an interval" if fields == len(_FIELDS) + 1 else ""
        raise _refusal(
            text, f"it has {fields} fields, not minute, hour, day, month and weekday{hint}"
        )
    return text


def _parse(line: str, text: str) -> None:
    try:
        CronSim(line, _SOME_TIME)
    except CronSimError as error:
        raise _refusal(text, _explained(str(error), line)) from error
    # What cronsim does not foresee it trips over; it is the line that is wrong all the same.
    except (AssertionError, TypeError, ValueError, AttributeError) as error:
        raise _refusal(text, "it cannot be read") from error


def _explained(problem: str, line: str) -> str:
    for (name, allowed), part in zip(_FIELDS, line.split(), strict=True):
        if problem == f"Bad {name}":
            if name == "day-of-month" and all(char in "0123456789,-/" for char in part):
                return f"no month it names has the {name} {part!r}, or it is not {allowed}"
            return f"the {name} {part!r} is not {allowed} (also lists 1,3, ranges 1-5, steps */2)"
    return problem


def _refusal(text: str, why: str) -> InvalidOption:
    return InvalidOption(f"the cron line {text[:_LONGEST]!r} cannot be used: {why}", field="cron")


@lru_cache(maxsize=1024)
def cron_line(text: str) -> CronLine:
    """The cron line of a text, read once; raises `InvalidOption` saying which part is wrong."""
    return CronLine(text)
