"""Counts and durations over many attempts."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import NamedTuple

from backend.domain.errors import InvalidOption

#: Buckets of a histogram: so many a decade, the first one from a tenth of a millisecond.
_PER_DECADE = 20
_FIRST_DECADE = -1
_LAST_BUCKET = 222
#: The middle of each bucket in seconds. What is in bucket 0 is too short to be told apart: it is nothing.
_MIDDLES = (
    0.0,
    *(
        10 ** ((bucket - 0.5) / _PER_DECADE + _FIRST_DECADE) / 1000
        for bucket in range(1, _LAST_BUCKET + 1)
    ),
)
_HOUR = timedelta(hours=1)


class TimeWindow(NamedTuple):
    """A stretch of time, from an instant to before another. Both aware."""

    since: datetime
    until: datetime

    @classmethod
    def to(cls, until: datetime, *, since: datetime | None, length: timedelta) -> TimeWindow:
        """From one instant, or for some time, to another; raises `InvalidOption` where that is nothing."""
        try:
            window = cls(since or until - length, until)
        except OverflowError as error:
            raise _beyond_the_calendar() from error
        if window.since >= until:
            raise InvalidOption("a time window must end after it begins", field="until")
        return window

    @property
    def seconds(self) -> float:
        """Its length."""
        return (self.until - self.since).total_seconds()

    def in_hours(self) -> TimeWindow:
        """The whole hours that it touches."""
        try:
            since, until = (_whole_hour(instant) for instant in self)
            return TimeWindow(since, until if until == self.until else until + _HOUR)
        except OverflowError as error:
            raise _beyond_the_calendar() from error


def _beyond_the_calendar() -> InvalidOption:
    return InvalidOption("the time window is beyond the calendar", field="until")


class DurationSummary(NamedTuple):
    """How long something took, over ``count`` cases, in seconds; percentiles are within 6 %."""

    count: int  # type: ignore[assignment]  # hides a method that no summary needs
    mean: float
    p50: float
    p95: float
    p99: float


class AttemptCounts(NamedTuple):
    """How attempts ended; what was put off, given back or withdrawn is in ``ended`` only."""

    ended: int
    finished: int
    failed: int
    retried: int
    crashed: int

    @property
    def wrong(self) -> int:
        """Retried, given up, or taken down with their worker."""
        return self.failed + self.retried + self.crashed


class HourStatistics(NamedTuple):
    """What ended in one hour; ``wait`` is from ready to started. None where nothing was measured."""

    hour: datetime
    attempts: AttemptCounts
    wait: DurationSummary | None
    run: DurationSummary | None


class TypeStatistics(NamedTuple):
    """What ended of one job type."""

    job_type: str
    attempts: AttemptCounts
    wait: DurationSummary | None
    run: DurationSummary | None


class QueueStatistics(NamedTuple):
    """What ended of one queue."""

    queue: str
    attempts: AttemptCounts
    wait: DurationSummary | None
    run: DurationSummary | None


class FailureGroup(NamedTuple):
    """Attempts of one job type that went wrong in the same way."""

    error_kind: str
    job_type: str
    attempts: int
    #: How many of them were given up.
    failed: int
    last_at: datetime
    #: The newest example.
    job_id: str
    message: str


def _whole_hour(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def summarise(
    total_ms: float, buckets: Sequence[int], counts: Sequence[int]
) -> DurationSummary | None:
    """The summary of a histogram whose empty buckets are left out; None for an empty one."""
    if not counts:
        return None
    up_to = list(accumulate(counts))
    count = up_to[-1]
    # The percentile is in the bucket that holds the last of so many cases.
    return DurationSummary(
        count,
        total_ms / count / 1000,
        _MIDDLES[buckets[bisect_left(up_to, 0.50 * count)]],
        _MIDDLES[buckets[bisect_left(up_to, 0.95 * count)]],
        _MIDDLES[buckets[bisect_left(up_to, 0.99 * count)]],
    )
