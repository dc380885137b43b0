"""How it was: what waited and what ended over a stretch of time, as the overview draws it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from backend.dashboard.drawing.charts import Bar, Level, Point
from backend.domain.history.history_statistics import (
    DurationSummary,
    FailureGroup,
    HourStatistics,
    QueueStatistics,
    TypeStatistics,
)
from backend.domain.history.queue_depth import QueueDepth
from backend.domain.history.queue_flow import (
    FlowReader,
    FlowSlice,
    SlicePercentiles,
    begin_of_last_hour,
)
from backend.services.finding.history_service import HistoryService

_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)
_MOST_FAILURES = 5
_NOTHING = (None, None, None)


class Stretch(NamedTuple):
    """A stretch of time that can be chosen. ``pattern`` writes its instants."""

    words: str
    length: timedelta
    pattern: str
    #: Of one column. An hour or more is read from sums, less from the attempts themselves.
    column: timedelta
    #: Of one point of the lines of percentiles.
    point: timedelta


STRETCHES = {
    "hour": Stretch("Last hour", _HOUR, "%H:%M", _MINUTE, 5 * _MINUTE),
    "day": Stretch("Last day", timedelta(days=1), "%H:%M", _HOUR, _HOUR),
    "week": Stretch("Last week", timedelta(days=7), "%a %d %H:%M", _HOUR, _HOUR),
}


class Past(NamedTuple):
    """What is drawn: columns, points, types and failures of the chosen queue, rows of every queue."""

    columns: list[Bar]
    #: Jobs that waited, of the chosen queue or of all; 0 where nobody looked.
    waiting: list[Level]
    #: For how long the oldest of them had; None where none waited.
    oldest: list[Point]
    run: list[Point]
    wait: list[Point]
    queues: dict[str, QueueStatistics]
    sparks: dict[str, list[int]]
    #: Empty where a queue is chosen: sums are not kept by type and queue.
    types: list[TypeStatistics]
    failures: list[FailureGroup]

    @property
    def finished(self) -> int:
        """Attempts that ended well."""
        return sum(each.finished for each in self.columns)

    @property
    def wrong(self) -> int:
        """Attempts that were retried, given up, or taken down with their worker."""
        return sum(each.wrong for each in self.columns)

    @property
    def most_waiting(self) -> int:
        """Jobs that waited at the worst moment."""
        return max((each.most for each in self.waiting), default=0)

    @property
    def longest_wait(self) -> float | None:
        """Seconds that the oldest had waited at the worst moment; None when none waited."""
        return max((each.values[0] for each in self.oldest if each.values[0]), default=None)


#: Reads what waited: since, until, seconds of a stretch, queue or ('') all.
Depths = Callable[[datetime, datetime, int, str], list[QueueDepth]]


def look_back(
    stretch: Stretch,
    queue: str,
    until: datetime,
    *,
    flow: FlowReader,
    depths: Depths,
    history: HistoryService,
) -> Past:
    """What ended until now, of one queue or ('') of all; raises HistoryUnavailable."""
    begin = _begin(stretch, until)
    if stretch.column < _HOUR:
        slices = flow.by_slice(begin, until, _seconds(stretch.column))
        spots = flow.percentiles(begin, until, _seconds(stretch.point), queue)
        queues, types = flow.by_queue(begin, until), flow.by_type(begin, until)
        failures = flow.failures(begin, until, queue, _MOST_FAILURES)
    else:
        slices = flow.by_hour(begin, until)
        spots = [_spot(each) for each in history.by_hour(begin, until, queue=queue)]
        queues, types = history.by_queue(begin, until), history.by_type(begin, until)
        failures = history.failures(begin, until, queue=queue, limit=_MOST_FAILURES)
    samples = depths(begin, until, _seconds(stretch.column), queue)
    columns, points = (_instants(begin, until, step) for step in (stretch.column, stretch.point))
    return Past(
        _columns([each for each in slices if queue in {"", each.queue}], columns),
        _levels(samples, columns),
        _oldest(samples, columns),
        _points({each.at: each.run for each in spots}, points),
        _points({each.at: each.wait for each in spots}, points),
        {each.queue: each for each in queues},
        _sparks(slices, columns),
        [] if queue else types,
        failures,
    )


def _begin(stretch: Stretch, until: datetime) -> datetime:
    """On a column's edge; the last column is the one that runs."""
    if stretch.column < _HOUR:
        return begin_of_last_hour(until)
    hour = until.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return hour - stretch.length


def _seconds(length: timedelta) -> int:
    return int(length.total_seconds())


def _spot(hour: HourStatistics) -> SlicePercentiles:
    return SlicePercentiles(hour.hour, _percentiles(hour.run), _percentiles(hour.wait))


def _percentiles(summary: DurationSummary | None) -> tuple[float, ...]:
    return (summary.p50, summary.p95, summary.p99) if summary else ()


def _instants(begin: datetime, until: datetime, step: timedelta) -> list[datetime]:
    return [begin + number * step for number in range(-((begin - until) // step))]


def _columns(slices: list[FlowSlice], instants: list[datetime]) -> list[Bar]:
    sums: dict[datetime, tuple[int, int]] = {}
    for each in slices:
        good, bad = sums.get(each.at, (0, 0))
        sums[each.at] = (good + each.finished, bad + each.wrong)
    return [Bar(at, *sums.get(at, (0, 0))) for at in instants]


def _levels(samples: list[QueueDepth], instants: list[datetime]) -> list[Level]:
    known = {each.at: each.waiting for each in samples}
    return [Level(at, known.get(at, 0)) for at in instants]


def _oldest(samples: list[QueueDepth], instants: list[datetime]) -> list[Point]:
    known = {each.at: each.oldest_wait for each in samples}
    return [Point(at, (known.get(at) or None,)) for at in instants]


def _sparks(slices: list[FlowSlice], instants: list[datetime]) -> dict[str, list[int]]:
    places = {at: place for place, at in enumerate(instants)}
    found: dict[str, list[int]] = {}
    for each in slices:
        if each.at in places:
            numbers = found.setdefault(each.queue, [0] * len(instants))
            numbers[places[each.at]] += each.finished + each.wrong
    return found


def _points(known: dict[datetime, tuple[float, ...]], instants: list[datetime]) -> list[Point]:
    return [Point(at, known.get(at) or _NOTHING) for at in instants]
