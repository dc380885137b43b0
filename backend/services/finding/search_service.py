"""Finds jobs wherever they are: live in Redis, and in the record of months."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple, get_args

from backend.domain.errors import InvalidOption, JobNotFound, Unavailable
from backend.domain.history.history_record import JobHistory, JobRecord
from backend.domain.history.history_search import Bookmark, check_search
from backend.domain.history.recorded_view import with_result
from backend.domain.jobs.cursor import Cursor, other_search
from backend.domain.jobs.job import JobView
from backend.domain.jobs.job_filter import JobFilter
from backend.domain.ports import Inspection, JobQueue
from backend.services.finding.history_service import HistoryService
from backend.services.finding.live_listing import LiveListing, LivePlace

Source = Literal["live", "history"]
_SOURCES = (*get_args(Source), None)


class FoundPage(NamedTuple):
    """Some jobs, which stores answered, and where the next page begins."""

    jobs: list[JobView | JobRecord]
    sources: tuple[Source, ...]
    next: str | None
    #: Of a record that a replica answered for: up to when it has what was recorded.
    as_of: datetime | None = None


class SearchService:
    """Asks both stores, and makes do with one while the other is away."""

    def __init__(self, queue: JobQueue, inspection: Inspection, history: HistoryService) -> None:
        """``queue`` is one that finds jobs in the outbox too, where there is one."""
        self._queue = queue
        self._look = inspection
        self._history = history
        self._live = LiveListing(inspection)

    def find(self, job_id: str) -> JobView | JobHistory:
        """One job, live or on its way to Redis, else from the record.

        Raises `JobNotFound`, or `Unavailable` when nobody can tell.
        """
        try:
            job = self._queue.find(job_id)
        except Unavailable as away:
            return self._on_record(job_id, away)
        if job is None:
            return self._history.get_job(job_id)
        return job if job.result_until is None else with_result(job, self._history.get_job)

    def _on_record(self, job_id: str, away: Unavailable) -> JobHistory:
        """What is not on record may be too new for it, which only Redis and the outbox could tell."""
        try:
            return self._history.get_job(job_id)
        except (Unavailable, JobNotFound):
            raise away from None

    def search(
        self,
        wanted: JobFilter,
        *,
        limit: int = 50,
        cursor: str | None = None,
        source: Source | None = None,
    ) -> FoundPage:
        """One page, the newest first; from Redis alone or the record alone if ``source`` says so."""
        check_search(wanted, limit)
        if source not in _SOURCES:
            raise InvalidOption(
                f"source must be live, history or None, not {source!r}", field="source"
            )
        is_live = cursor is not None and Cursor.parse(cursor).kind == "live"
        if cursor and source == ("history" if is_live else "live"):
            raise other_search()
        if source == "live" or is_live:
            return self._live_page(wanted, limit, LivePlace.parse(cursor) if cursor else None)
        after = Bookmark.parse(cursor) if cursor else None
        try:
            return self._recorded_page(wanted, limit, after, with_live=source is None)
        except Unavailable:
            if source == "history" or cursor:
                raise
            return self._live_page(wanted, limit, None)

    def _live_page(self, wanted: JobFilter, limit: int, place: LivePlace | None) -> FoundPage:
        page = self._live.page(wanted, limit, place)
        return FoundPage(list(page.jobs), ("live",), str(page.next) if page.next else None)

    def _recorded_page(
        self, wanted: JobFilter, limit: int, after: Bookmark | None, *, with_live: bool
    ) -> FoundPage:
        page = self._history.search(wanted, limit=limit, after=after)
        following = str(page.next) if page.next else None
        jobs: list[JobView | JobRecord] = list(page.jobs)
        if not with_live:
            return FoundPage(jobs, ("history",), following, page.as_of)
        try:
            jobs = self._freshened(wanted, page.jobs)
            if after is None:
                jobs = [*self._too_new(wanted, limit, page.jobs), *jobs]
        except Unavailable:
            return FoundPage(list(page.jobs), ("history",), following, page.as_of)
        return FoundPage(jobs, ("live", "history"), following, page.as_of)

    def _freshened(
        self, wanted: JobFilter, records: tuple[JobRecord, ...]
    ) -> list[JobView | JobRecord]:
        """The record is some moments behind: jobs as Redis has them now."""
        waiting = [record.id for record in records if not record.state.is_final]
        live = {job.id: job for job in self._look.jobs(waiting)}
        jobs: list[JobView | JobRecord] = [live.get(record.id, record) for record in records]
        return [job for job in jobs if not wanted.states or job.state in wanted.states]

    def _too_new(
        self, wanted: JobFilter, limit: int, records: tuple[JobRecord, ...]
    ) -> list[JobView]:
        """Jobs that the record does not know yet."""
        newest = max((job.created_at for job in records if job.created_at), default=None)
        known = {record.id for record in records}
        return [
            job
            for job in self._live.newest(wanted, limit)
            if job.id not in known
            and job.created_at is not None
            and (newest is None or job.created_at > newest)
        ]
