"""Finds jobs wherever they are: live in Redis, and in the record of months."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, NamedTuple

from backend.domain.errors import InvalidOption, JobNotFound, QueueUnavailable, Unavailable
from backend.domain.history_record import JobHistory, JobRecord
from backend.domain.history_search import Bookmark, JobSearch
from backend.domain.job import JobView
from backend.domain.ports import Inspection, JobQueue
from backend.services.history_service import HistoryService
from backend.services.live_listing import LiveListing, LivePlace

Source = Literal["live", "history"]


class FoundPage(NamedTuple):
    """Some jobs, which stores answered, and where the next page begins."""

    jobs: list[JobView | JobRecord]
    sources: tuple[Source, ...]
    next: str | None


class SearchService:
    """Asks both stores, and makes do with one while the other is away."""

    def __init__(self, queue: JobQueue, inspection: Inspection, history: HistoryService) -> None:
        self._queue = queue
        self._look = inspection
        self._history = history
        self._live = LiveListing(inspection)

    def find(self, job_id: str) -> JobView | JobHistory:
        """One job, live if Redis knows it; raises `JobNotFound`, or `Unavailable` when nobody can tell."""
        try:
            job = self._queue.find(job_id)
        except QueueUnavailable as away:
            return self._on_record(job_id, away)
        return job if job is not None else self._history.get_job(job_id)

    def _on_record(self, job_id: str, away: QueueUnavailable) -> JobHistory:
        """What is not on record may be too new for it, which only Redis could tell."""
        try:
            return self._history.get_job(job_id)
        except (Unavailable, JobNotFound):
            raise away from None

    def search(
        self, search: JobSearch, *, cursor: str | None = None, source: Source | None = None
    ) -> FoundPage:
        """One page, the newest first; from Redis alone or the record alone if ``source`` says so."""
        place = LivePlace.parse(cursor) if cursor else None
        if source == "live" or place is not None:
            if cursor and place is None:
                raise InvalidOption("this cursor belongs to another search", field="cursor")
            return self._live_page(search, place)
        found = replace(search, after=Bookmark.parse(cursor)) if cursor else search
        try:
            return self._recorded_page(found, with_live=source is None)
        except Unavailable:
            if source == "history" or cursor:
                raise
            return self._live_page(search, None)

    def _live_page(self, search: JobSearch, place: LivePlace | None) -> FoundPage:
        page = self._live.page(search, place)
        return FoundPage(list(page.jobs), ("live",), str(page.next) if page.next else None)

    def _recorded_page(self, search: JobSearch, *, with_live: bool) -> FoundPage:
        page = self._history.search(search)
        following = str(page.next) if page.next else None
        jobs: list[JobView | JobRecord] = list(page.jobs)
        if not with_live:
            return FoundPage(jobs, ("history",), following)
        try:
            jobs = self._freshened(search, page.jobs)
        except Unavailable:
            return FoundPage(jobs, ("history",), following)
        return FoundPage(jobs, ("live", "history"), following)

    def _freshened(
        self, search: JobSearch, records: tuple[JobRecord, ...]
    ) -> list[JobView | JobRecord]:
        """The record is some moments behind: jobs as Redis has them now, and those too new for it."""
        waiting = [record.id for record in records if not record.state.is_final]
        live = {job.id: job for job in self._look.jobs(waiting)}
        jobs: list[JobView | JobRecord] = [live.get(record.id, record) for record in records]
        jobs = [job for job in jobs if search.state in {None, job.state}]
        return [*self._too_new(search, records), *jobs]

    def _too_new(self, search: JobSearch, records: tuple[JobRecord, ...]) -> list[JobView]:
        if search.after is not None:
            return []
        newest = max((job.created_at for job in records if job.created_at), default=None)
        known = {record.id for record in records}
        return [
            job
            for job in self._live.newest(search)
            if job.id not in known
            and job.created_at is not None
            and (newest is None or job.created_at > newest)
        ]
