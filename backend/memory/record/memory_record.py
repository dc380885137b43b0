"""The record in memory: what a recorder writes, and what is looked for in it."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from backend.domain.history.history_ports import EventBatch, EventSource
from backend.domain.history.history_record import JobHistory, JobRecord, RecordedQueue
from backend.domain.history.history_search import Bookmark, JobPage
from backend.domain.history.history_statistics import TimeWindow
from backend.domain.jobs.job_event import JobEvent
from backend.domain.jobs.job_filter import JobFilter
from backend.domain.jobs.job_state import JobState
from backend.locks.fork_locks import own_lock
from backend.memory.record.recorded_job import job_history, job_record

_BATCH = 1000
_UNENDED = (JobState.SCHEDULED, JobState.QUEUED, JobState.STARTED, JobState.FAILED)
#: Started longer ago than this is called stuck.
_STUCK = timedelta(minutes=5)


class MemoryRecord:
    """An `EventRecord` and the `HistoryReader` of what it was given."""

    def __init__(self, now: Callable[[], datetime], source: EventSource | None = None) -> None:
        """With a ``source`` it is its own recorder: it is up to date whenever it is asked."""
        self._now = now
        self._source = source
        own_lock(self)
        #: The events of each job by their ids: what comes twice is there once.
        self._events: defaultdict[str, dict[str, JobEvent]] = defaultdict(dict)
        self._set_aside: set[str] = set()

    def renew_lock(self) -> None:
        """In a fork, where the thread that held it may be missing."""
        self._lock = threading.Lock()

    def _catch_up(self) -> None:
        while self._source is not None and (batch := self._source.read(_BATCH, 0.0)).size:
            self.write(batch)
            self._source.acknowledge(batch)

    def write(self, batch: EventBatch) -> int:
        """Records a batch, once however often it comes; how many entries were set aside."""
        with self._lock:
            for event in batch.events:
                self._events[event.job_id].setdefault(event.id, event)
            self._set_aside |= {entry.id for entry in batch.unreadable}
        return len(batch.unreadable)

    def find(self, job_id: str) -> JobHistory | None:
        """Everything on record about one job; None when there is nothing."""
        self._catch_up()
        with self._lock:
            events = list(self._events.get(job_id, {}).values())
        return job_history(events) if events else None

    def search(self, wanted: JobFilter, limit: int, after: Bookmark | None) -> JobPage:
        """One page of the jobs that are meant, newest first; after a bookmark, if there is one."""
        meant = [job for job in self._jobs() if job.position > 0 and _takes(wanted, job)]
        ordered = sorted(meant, key=lambda job: (job.position, job.id), reverse=True)
        rest = [job for job in ordered if after is None or (job.position, job.id) < tuple(after)]
        page = tuple(rest[:limit])
        more = len(rest) > limit
        return JobPage(page, Bookmark(page[-1].position, page[-1].id) if more else None)

    def count_by_state(self, window: TimeWindow | None) -> dict[JobState, int]:
        """How many jobs are in each state; of those accepted in a window, if one is given."""
        found = Counter(
            job.state
            for job in self._jobs()
            if window is None
            or (job.created_at is not None and window.since <= job.created_at < window.until)
        )
        return {state: found[state] for state in JobState}

    def queues(self) -> list[RecordedQueue]:
        """Every queue with jobs that have not ended, or are dead."""
        by_queue: defaultdict[str, list[JobRecord]] = defaultdict(list)
        for job in self._jobs():
            if job.state in _UNENDED and job.discarded_at is None and job.position > 0:
                by_queue[job.queue].append(job)
        return [self._queue(name, jobs) for name, jobs in sorted(by_queue.items())]

    def _queue(self, name: str, jobs: list[JobRecord]) -> RecordedQueue:
        states = Counter(job.state for job in jobs)
        long_ago = self._now() - _STUCK
        running = [job.started_at for job in jobs if job.state is JobState.STARTED]
        waiting = [job.enqueued_at for job in jobs if job.state is JobState.QUEUED]
        return RecordedQueue(
            name,
            scheduled=states[JobState.SCHEDULED],
            queued=states[JobState.QUEUED],
            started=states[JobState.STARTED],
            dead=states[JobState.FAILED],
            stuck=sum(at is not None and at < long_ago for at in running),
            oldest_enqueued_at=min((at for at in waiting if at is not None), default=None),
        )

    def _jobs(self) -> Iterator[JobRecord]:
        self._catch_up()
        with self._lock:
            lives = [list(events.values()) for events in self._events.values()]
        return map(job_record, lives)


def _takes(wanted: JobFilter, job: JobRecord) -> bool:
    died_at = job.finished_at if job.state is JobState.FAILED else None
    texts = ("job_type", "queue", "trace_id", "context_id", "environment", "tenant", "worker")
    return (
        (not wanted.states or job.state in wanted.states)
        and (not wanted.tag or wanted.tag in job.tags)
        and all(getattr(wanted, name) in {"", getattr(job, name)} for name in texts)
        and wanted.error_kind in {"", job.error_kind}
        and wanted.error_text.lower() in job.last_error.lower()
        and _within(job.created_at, wanted.accepted_since, wanted.accepted_until)
        and _within(died_at, wanted.died_after, wanted.died_before)
    )


def _within(at: datetime | None, first: datetime | None, end: datetime | None) -> bool:
    if first is None and end is None:
        return True
    return at is not None and (first is None or at >= first) and (end is None or at < end)
