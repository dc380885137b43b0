"""How it is now, how it was, and what a person should look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from flask import Response

from backend.dashboard.charts import Bar, Point
from backend.dashboard.routes import Routes
from backend.dashboard.visit import Visit
from backend.domain.errors import MigrationError, Unavailable
from backend.domain.history_statistics import DurationSummary, HourStatistics
from backend.domain.queue_flow import FlowSlice, SlicePercentiles

routes = Routes()
T = TypeVar("T")
_HOUR, _MINUTE = timedelta(hours=1), timedelta(minutes=1)
#: Seconds for which all who look share one answer about the past.
_PAST_FRESH = 5.0


class _Range(NamedTuple):
    """A stretch of time that can be chosen. ``pattern`` writes its instants."""

    words: str
    length: timedelta
    pattern: str


RANGES = {
    "hour": _Range("Last hour", _HOUR, "%H:%M"),
    "day": _Range("Last day", timedelta(days=1), "%H:%M"),
    "week": _Range("Last week", timedelta(days=7), "%a %d %H:%M"),
}


@routes.page("", "metrics.overview")
def overview(visit: Visit) -> Response:
    """Queues, rates, percentiles, signs, and whether the books balance."""
    chosen = visit.query.get("range", "hour")
    chosen = chosen if chosen in RANGES else "hour"
    until = visit.parts.clock.now()
    since = until - RANGES[chosen].length
    live, live_away = _attempt(lambda: visit.fresh.get("live", visit.parts.overview.overview))
    past, past_away = _attempt(
        lambda: visit.fresh.get(chosen, lambda: _past(visit, chosen, since, until), _PAST_FRESH)
    )
    return visit.show(
        "overview.html",
        ranges=RANGES,
        chosen=chosen,
        pattern=RANGES[chosen].pattern,
        live=live,
        live_away=live_away,
        past=past,
        past_away=past_away,
        now=until,
    )


def _attempt(make: Callable[[], T]) -> tuple[T | None, str]:
    """What a store says, or why it says nothing: the other one's half of the page is shown anyhow."""
    try:
        return make(), ""
    except (Unavailable, MigrationError) as error:
        return None, str(error)


def _past(visit: Visit, chosen: str, since: datetime, until: datetime) -> Mapping[str, Any]:
    history = visit.parts.history
    hours = history.by_hour(since, until)
    flow, points = {}, _points(hours, since, until)
    if chosen == "hour":
        begin = until.astimezone(UTC).replace(second=0, microsecond=0) - _HOUR + _MINUTE
        slices = visit.flow.by_slice(begin, until, 60)
        columns = _minutes(slices, begin)
        flow = {each.queue: each for each in visit.flow.by_queue(begin, until)}
        sparks = _sparks(slices, begin)
        points = _fine_points(visit.flow.percentiles(begin, until, 300), begin)
    else:
        columns, sparks = _columns(hours, since, until), {}
    return {
        "columns": columns,
        "points": points,
        "overdue": visit.parts.schedules.list_all(overdue=True),
        "flow": flow,
        "sparks": sparks,
        "types": history.by_type(since, until),
        "failures": history.failures(since, until, limit=5),
        "finished": sum(each.finished for each in columns),
        "wrong": sum(each.wrong for each in columns),
    }


def _minutes(slices: list[FlowSlice], begin: datetime) -> list[Bar]:
    sums: dict[datetime, tuple[int, int]] = {}
    for each in slices:
        good, bad = sums.get(each.at, (0, 0))
        sums[each.at] = (good + each.finished, bad + each.wrong)
    minutes = [begin + number * _MINUTE for number in range(60)]
    return [Bar(at, *sums.get(at, (0, 0))) for at in minutes]


def _sparks(slices: list[FlowSlice], begin: datetime) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for each in slices:
        numbers = found.setdefault(each.queue, [0] * 60)
        place = int((each.at - begin) / _MINUTE)
        if 0 <= place < len(numbers):
            numbers[place] += each.finished + each.wrong
    return found


def _hours(since: datetime, until: datetime) -> list[datetime]:
    first = since.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return [first + number * _HOUR for number in range(int((until - first) / _HOUR) + 1)]


def _columns(hours: list[HourStatistics], since: datetime, until: datetime) -> list[Bar]:
    known = {each.hour: each.attempts for each in hours}
    columns = []
    for at in _hours(since, until):
        counts = known.get(at)
        wrong = counts.failed + counts.retried + counts.crashed if counts else 0
        columns.append(Bar(at, counts.finished if counts else 0, wrong))
    return columns


def _points(
    hours: list[HourStatistics], since: datetime, until: datetime
) -> dict[str, list[Point]]:
    known = {each.hour: each for each in hours}
    instants = _hours(since, until)
    return {
        "run": [Point(at, _percentiles(known[at].run if at in known else None)) for at in instants],
        "wait": [
            Point(at, _percentiles(known[at].wait if at in known else None)) for at in instants
        ],
    }


def _fine_points(slices: list[SlicePercentiles], begin: datetime) -> dict[str, list[Point]]:
    known = {each.at: each for each in slices}
    instants = [begin + number * 5 * _MINUTE for number in range(12)]
    nothing = (None, None, None)
    return {
        "run": [
            Point(at, (known[at].run or nothing) if at in known else nothing) for at in instants
        ],
        "wait": [
            Point(at, (known[at].wait or nothing) if at in known else nothing) for at in instants
        ],
    }


def _percentiles(summary: DurationSummary | None) -> tuple[float | None, ...]:
    return (summary.p50, summary.p95, summary.p99) if summary else (None, None, None)
