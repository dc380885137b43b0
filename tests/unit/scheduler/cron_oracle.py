"""An independent reading of cron: looks at every minute of a stretch of time, and shares no code with ours.

It does not ask when the next tick is; it walks, and watches the clock on the wall.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
_LOWEST, _HIGHEST = (0, 0, 1, 1, 0), (59, 23, 31, 12, 7)
_NAMES = {
    name: number
    for names, first in (
        ("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC", 1),
        ("SUN MON TUE WED THU FRI SAT", 0),
    )
    for number, name in enumerate(names.split(), start=first)
}

#: Pairs of an instant and what the wall shows, minute by minute.
Walk = list[tuple[datetime, datetime]]


def walk(zone: str, start: datetime, end: datetime) -> Walk:
    """Every whole minute of a stretch of time, and what the clocks of a zone show."""
    at, steps, place = start, [], ZoneInfo(zone)
    while at < end:
        steps.append((at, at.astimezone(place).replace(tzinfo=None, fold=0)))
        at += MINUTE
    return steps


def stretches_around_changes(zone: str, first_year: int, last_year: int) -> Iterator[Walk]:
    """A day and a half on both sides of each change of the clocks; where there is none, of equinoxes."""
    place, margin = ZoneInfo(zone), timedelta(hours=36)
    at, end = datetime(first_year, 1, 1, tzinfo=UTC), datetime(last_year + 1, 1, 1, tzinfo=UTC)
    found = False
    while at < end:
        later = at + timedelta(hours=6)
        if at.astimezone(place).utcoffset() != later.astimezone(place).utcoffset():
            found = True
            yield walk(zone, at - margin, later + margin)
        at = later
    if not found:
        for month in (3, 9):
            middle = datetime(first_year, month, 21, tzinfo=UTC)
            yield walk(zone, middle - margin, middle + margin)


class OracleLine:
    """One cron line, in this reading."""

    def __init__(self, line: str) -> None:
        fields = line.split()
        self.minutes, self.hours, self.days, self.months, weekdays = (
            _numbers(field, place) for place, field in enumerate(fields)
        )
        self.weekdays = {number % 7 for number in weekdays}
        self.both_days = fields[2].startswith("*") or fields[4].startswith("*")
        self.names_times = not fields[0].startswith("*") and not fields[1].startswith("*")

    def matches(self, wall: datetime) -> bool:
        """Whether the wall shows one of the line's minutes."""
        if wall.minute not in self.minutes or wall.hour not in self.hours:
            return False
        if wall.month not in self.months:
            return False
        day, weekday = wall.day in self.days, wall.isoweekday() % 7 in self.weekdays
        return (day and weekday) if self.both_days else (day or weekday)

    def ticks(self, steps: Walk) -> list[datetime]:
        """The instants of a walk at which the line runs; its first step is only looked back to."""
        if not self.names_times:
            return [at for at, wall in steps[1:] if self.matches(wall)]
        return list(self._ticks_of_named_times(steps))

    def _ticks_of_named_times(self, steps: Walk) -> Iterator[datetime]:
        furthest = steps[0][1]
        for (_, before), (at, wall) in pairwise(steps):
            # What the clock jumped over, and then what it shows, unless it has shown it before.
            shown = [before + MINUTE * n for n in range(1, int((wall - before) / MINUTE) + 1)]
            if any(self.matches(minute) for minute in shown if minute > furthest):
                yield at
            furthest = max(furthest, wall)


def _numbers(field: str, place: int) -> set[int]:
    numbers: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        if span == "*":
            low, high = _LOWEST[place], _HIGHEST[place]
        else:
            first, dash, last = span.partition("-")
            low = _number(first)
            high = _number(last) if dash else (_HIGHEST[place] if step else low)
        numbers |= set(range(low, high + 1, int(step or 1)))
    return numbers


def _number(word: str) -> int:
    return _NAMES[word.upper()] if word.upper() in _NAMES else int(word)
