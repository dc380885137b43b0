"""What went through each queue lately, and what lies dead: the record in the words of those on call."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

from backend.domain.history.history_statistics import FailureGroup, QueueStatistics, TypeStatistics


def begin_of_last_hour(now: datetime) -> datetime:
    """When the last 60 minutes began, of which the last is the one that runs: the same everywhere."""
    return now.astimezone(UTC).replace(second=0, microsecond=0) - timedelta(minutes=59)


class FlowSlice(NamedTuple):
    """What ended in one stretch of time, of one queue."""

    at: datetime
    queue: str
    finished: int
    #: Retried, given up, or taken down with their worker.
    wrong: int


class SlicePercentiles(NamedTuple):
    """p50, p95 and p99 in seconds of what ended in one stretch of time; empty: nothing measured."""

    at: datetime
    run: tuple[float, ...]
    wait: tuple[float, ...]


class DeadGroup(NamedTuple):
    """Dead jobs of one type that died of the same kind of error."""

    error_kind: str
    job_type: str
    jobs: int
    first_at: datetime | None
    last_at: datetime | None
    #: The newest example.
    job_id: str
    message: str


class DeadGroupFilter(NamedTuple):
    """Which dead jobs are grouped; an empty one takes all. Instants are aware."""

    queue: str = ""
    #: Any part of the error's class and message, in upper or lower case.
    error: str = ""
    #: Died at or after; died before.
    after: datetime | None = None
    before: datetime | None = None


class FlowReader(Protocol):
    """Raises HistoryUnavailable, or MigrationError when tables are missing."""

    def by_slice(self, since: datetime, until: datetime, seconds: int) -> list[FlowSlice]:
        """What ended, by stretches of so many seconds and by queue, the oldest first."""

    def by_hour(self, since: datetime, until: datetime) -> list[FlowSlice]:
        """What ended, by whole hours and by queue, the oldest first, as it was summed up."""

    def percentiles(
        self, since: datetime, until: datetime, seconds: int, queue: str = ""
    ) -> list[SlicePercentiles]:
        """How long it took, by stretches of so many seconds, of one queue or ('') of all."""

    def by_queue(self, since: datetime, until: datetime) -> list[QueueStatistics]:
        """What ended, by queue, to the very second."""

    def by_type(self, since: datetime, until: datetime) -> list[TypeStatistics]:
        """What ended, by job type, to the very second, the busiest first."""

    def failures(
        self, since: datetime, until: datetime, queue: str = "", most: int = 50
    ) -> list[FailureGroup]:
        """What went wrong, by kind of error and job type, to the very second, the most frequent first."""

    def dead_groups(self, newest: int, most: int, wanted: DeadGroupFilter) -> list[DeadGroup]:
        """Those meant of so many newest dead jobs, by kind of error and job type, largest first."""
