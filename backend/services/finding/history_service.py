"""The door to the record: one job's whole story, search over months, statistics."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from backend.domain.errors import InvalidOption
from backend.domain.history.history_ports import HistoryReader, StatisticsReader
from backend.domain.history.history_record import JobHistory, RecordedQueue
from backend.domain.history.history_search import Bookmark, JobPage, check_search
from backend.domain.history.history_statistics import (
    FailureGroup,
    HourStatistics,
    QueueStatistics,
    TimeWindow,
    TypeStatistics,
)
from backend.domain.history.unknown_job import unknown_job
from backend.domain.jobs.job_filter import JobFilter, is_storable
from backend.domain.jobs.job_state import JobState
from backend.domain.ports import Clock

_DAY = timedelta(days=1)


class HistoryService:
    """Answers from the record, which is some moments behind Redis. Safe for several threads.

    Every method raises `HistoryUnavailable` while Postgres cannot be reached. Statistics are by the
    whole hours that a window touches; the window is the last 24 hours where none is given.
    """

    def __init__(self, history: HistoryReader, statistics: StatisticsReader, clock: Clock) -> None:
        self._history = history
        self._statistics = statistics
        self._clock = clock

    def get_job(self, job_id: str) -> JobHistory:
        """The job, its attempts and its timeline; raises `JobNotFound`."""
        found = self._history.find(job_id) if is_storable(job_id) else None
        if found is None:
            raise unknown_job(job_id)
        return found

    def search(
        self, wanted: JobFilter, *, limit: int = 50, after: Bookmark | None = None
    ) -> JobPage:
        """One page of the jobs that are meant, newest first; give its ``next`` as ``after`` for more."""
        check_search(wanted, limit)
        return self._history.search(wanted, limit, after)

    def count_by_state(
        self, since: datetime | None = None, until: datetime | None = None
    ) -> dict[JobState, int]:
        """How many jobs are in each state, of all or of those accepted in a time; zeros included."""
        window = self._window(since, until) if since or until else None
        counts = self._history.count_by_state(window)
        return {state: counts.get(state, 0) for state in JobState}

    def queues(self) -> list[RecordedQueue]:
        """Every queue with jobs that have not ended, or are dead: for when Redis cannot be asked."""
        return self._history.queues()

    def by_hour(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        job_type: str = "",
        queue: str = "",
    ) -> list[HourStatistics]:
        """Throughput, waits and runs of each hour in which anything ended, the oldest first.

        Of a job type or of a queue: both at once raise `InvalidOption`, for sums of one type in one
        queue are not kept.
        """
        if job_type and queue:
            raise InvalidOption(
                "hours are summed up by job type or by queue, not by both; leave one out",
                field="queue",
            )
        if not is_storable(job_type) or not is_storable(queue):
            return []
        return self._statistics.by_hour(self._window(since, until), job_type, queue)

    def by_type(
        self, since: datetime | None = None, until: datetime | None = None
    ) -> list[TypeStatistics]:
        """The same of each job type, the busiest first."""
        return self._statistics.by_type(self._window(since, until))

    def by_queue(
        self, since: datetime | None = None, until: datetime | None = None
    ) -> list[QueueStatistics]:
        """The same of each queue."""
        return self._statistics.by_queue(self._window(since, until))

    def failures(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        job_type: str = "",
        queue: str = "",
        limit: int = 50,
    ) -> list[FailureGroup]:
        """What went wrong, by kind of error and job type, the most frequent first."""
        if not is_storable(job_type) or not is_storable(queue):
            return []
        return self._statistics.failures(self._window(since, until), job_type, queue, limit)

    def _window(self, since: datetime | None, until: datetime | None) -> TimeWindow:
        """Naive instants mean UTC."""
        end = _aware(until) if until else self._clock.now()
        return TimeWindow.to(end, since=_aware(since) if since else None, length=_DAY)


def _aware(instant: datetime) -> datetime:
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
