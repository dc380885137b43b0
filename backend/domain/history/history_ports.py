"""What the loops and services that keep history need: a stream of events, and a record to keep them in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from backend.domain.history.history_record import JobHistory, RecordedQueue
from backend.domain.history.history_retention import RetentionRule
from backend.domain.history.history_search import Bookmark, JobPage
from backend.domain.history.history_statistics import (
    FailureGroup,
    HourStatistics,
    QueueStatistics,
    TimeWindow,
    TypeStatistics,
)
from backend.domain.jobs.job_event import JobEvent
from backend.domain.jobs.job_filter import JobFilter
from backend.domain.jobs.job_state import JobState


class UnreadableEntry(NamedTuple):
    """What is no event of ours, a stream entry or a part of one: kept apart for a person to look at."""

    id: str
    #: What it held, readable as far as possible.
    entry: str
    reason: str
    #: Its place in its line, from 1; 0: all of the entry.
    number: int = 0


class EventBatch(NamedTuple):
    """Events that one consumer holds until it acknowledges the entries that told them."""

    events: Sequence[JobEvent] = ()
    unreadable: Sequence[UnreadableEntry] = ()
    #: Ids of these entries.
    entries: Sequence[str] = ()

    @property
    def size(self) -> int:
        """How many events, unreadable ones included."""
        return len(self.events) + len(self.unreadable)


class StreamLag(NamedTuple):
    """How far the record is behind: events not yet acknowledged, and the age in seconds of the oldest."""

    events: int
    seconds: float


class EventSource(Protocol):
    """The event stream as one recorder reads it. Every method raises QueueUnavailable."""

    def read(self, most: int, timeout: float) -> EventBatch:
        """New entries; blocks until there is one, at most ``timeout`` seconds."""

    def reclaim(self, most: int) -> EventBatch:
        """Entries that a recorder took and left behind when it died."""

    def acknowledge(self, batch: EventBatch) -> None:
        """These entries are recorded for good."""

    def trim(self) -> int:
        """Drops what every consumer has acknowledged; how many entries went."""

    def lag(self) -> StreamLag:
        """How far the record is behind the stream."""

    def leave(self) -> None:
        """Ends this recorder's part; what it still holds is left for others."""


class EventRecord(Protocol):
    """The long-term record as the recorder writes it."""

    def write(self, batch: EventBatch) -> int:
        """Records a batch for good, once however often it comes; how many events were set aside.

        Raises HistoryUnavailable and, when the tables are missing, MigrationError.
        """


class HistoryReader(Protocol):
    """The record as people and programs read it. Every method raises HistoryUnavailable."""

    def find(self, job_id: str) -> JobHistory | None:
        """Everything on record about one job; None when there is nothing, or no more."""

    def search(self, wanted: JobFilter, limit: int, after: Bookmark | None) -> JobPage:
        """One page of the jobs that are meant, newest first; after a bookmark, if there is one."""

    def count_by_state(self, window: TimeWindow | None) -> dict[JobState, int]:
        """How many jobs are in each state that any is in; with a window, of those accepted in it."""

    def queues(self) -> list[RecordedQueue]:
        """Every queue with jobs that have not ended, or are dead."""


class StatisticsReader(Protocol):
    """Sums over many attempts, by the whole hours of a window in which they ended."""

    def by_hour(self, window: TimeWindow, job_type: str, queue: str) -> list[HourStatistics]:
        """One entry for each hour in which anything ended, of a job type, a queue or ('') of all."""

    def by_type(self, window: TimeWindow) -> list[TypeStatistics]:
        """One entry for each job type of which anything ended."""

    def by_queue(self, window: TimeWindow) -> list[QueueStatistics]:
        """One entry for each queue of which anything ended."""

    def failures(
        self, window: TimeWindow, job_type: str, queue: str, most: int
    ) -> list[FailureGroup]:
        """What went wrong, grouped by kind of error and job type, the most frequent first."""


class HistoryUpkeep(Protocol):
    """What keeps the record in shape. Every method raises HistoryUnavailable."""

    def now(self) -> datetime:
        """The time by the record's own clock."""

    def make_partitions(self, months: int) -> int:
        """Makes room for events and jobs of this month and of ``months`` after it; how many were made."""

    def prune_jobs(self, rule: RetentionRule, before: datetime, most: int) -> int:
        """Deletes jobs, and their results, that ended before an instant; how many jobs."""

    def drop_jobs(self, before: datetime) -> int:
        """Drops the months whose jobs have all ended before an instant; how many months."""

    def sum_up_counts(self) -> None:
        """Puts together what recorders noted of how many jobs are in each state."""

    def drop_events(self, before: datetime) -> int:
        """Drops the months of events that were over before an instant; how many months."""

    def prune_events(self, before: datetime, most: int) -> int:
        """Deletes domain events of months that were over by then, and whose jobs are gone; how many."""

    def prune_set_aside(self, before: datetime, most: int) -> int:
        """Deletes what was set aside before an instant; how many."""

    def drop_statistics(self, before: datetime) -> int:
        """Deletes summed-up hours older than an instant; how many rows."""

    def count_failures(self, most: int) -> int:
        """Counts what went wrong in hours that were summed up without, or lost attempts; how many."""

    def sum_up_hours(self, most: int) -> int:
        """Sums up hours that are over and whose statistics are missing or behind; how many."""
