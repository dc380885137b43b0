"""Lists what is in Redis now, shelf by shelf: running, waiting, parked, scheduled, dead."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from backend.domain.errors import InvalidOption
from backend.domain.history_search import JobSearch
from backend.domain.job import JobView
from backend.domain.job_state import JobState
from backend.domain.ports import Inspection

_PAGE = 100
#: Ids looked at for one page of answers, so that a rare filter cannot hold a thread.
_MOST_LOOKED_AT = 5000
#: Shelves that hold the jobs of all queues.
_COMMON = (JobState.SCHEDULED, JobState.FAILED)
_ORDER = (JobState.STARTED, JobState.QUEUED, *_COMMON)


class Shelf(NamedTuple):
    """One list in Redis; ``queue`` is empty where all queues share it.

    Queued jobs stand in the list of their queue, or have stepped aside behind a ``gate``: a full limit, or
    the pause of their type.
    """

    state: JobState
    queue: str = ""
    gate: str = ""


class LivePlace(NamedTuple):
    """How far a listing has come."""

    shelf: Shelf
    offset: int

    def __str__(self) -> str:
        plain = "|".join(
            ("live", self.shelf.state, self.shelf.queue, str(self.offset), self.shelf.gate)
        )
        return urlsafe_b64encode(plain.encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> LivePlace | None:
        """The place written as ``text``; None when it is no place of a live listing."""
        try:
            plain = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
            word, state, queue, offset, gate = plain.split("|", 4)
            place = cls(Shelf(JobState(state), queue, gate), int(offset))
        except (ValueError, binascii.Error):
            return None
        return place if word == "live" and place.offset >= 0 else None


class LivePage(NamedTuple):
    """Some jobs; ``next`` is None when all shelves were looked through."""

    jobs: list[JobView]
    next: LivePlace | None


class LiveListing:
    """Walks through the lists of Redis. Jobs that move meanwhile may be seen twice or not at all."""

    def __init__(self, inspection: Inspection) -> None:
        self._look = inspection

    def page(self, search: JobSearch, start: LivePlace | None) -> LivePage:
        """The jobs from ``start`` that match."""
        shelves = _from(self._shelves(search), start)
        found: list[JobView] = []
        looked = 0
        for shelf in shelves:
            offset = start.offset if start and start.shelf == shelf else 0
            for ids in self._pages(shelf, offset):
                for job in self._views(ids):
                    offset += 1
                    looked += 1
                    if job is not None and job.state == shelf.state and matches(search, job):
                        found.append(job)
                    if len(found) == search.limit or looked >= _MOST_LOOKED_AT:
                        return LivePage(found, LivePlace(shelf, offset))
        return LivePage(found, None)

    def newest(self, search: JobSearch) -> list[JobView]:
        """The newest jobs that match and have not ended, the newest first."""
        ids: list[str] = []
        for shelf in self._shelves(search):
            if not shelf.gate:
                ids += self._newest_ids(shelf, search.limit)
        if search.state in {None, JobState.QUEUED}:
            ids += self._look.newest_parked(search.limit)
        jobs = [job for job in self._look.jobs(list(dict.fromkeys(ids))) if matches(search, job)]
        jobs.sort(
            key=lambda job: (job.created_at is not None, job.created_at, job.id), reverse=True
        )
        return jobs[: search.limit]

    def _shelves(self, search: JobSearch) -> list[Shelf]:
        names = [search.queue] if search.queue else self._look.queue_names()
        shelves = []
        for state in _ORDER:
            if search.state in {None, state}:
                queues = [""] if state in _COMMON else names
                shelves += [Shelf(state, queue) for queue in queues]
            if state is JobState.QUEUED and search.state in {None, state}:
                shelves += [Shelf(state, gate=gate) for gate in self._look.gates()]
        return shelves

    def _pages(self, shelf: Shelf, offset: int) -> Iterator[list[str]]:
        if shelf.state is JobState.STARTED:
            ids = self._look.started(shelf.queue)[offset:]
            yield from (ids[at : at + _PAGE] for at in range(0, len(ids), _PAGE))
            return
        ids = self._ids(shelf, offset, _PAGE)
        while ids:
            yield ids
            offset += len(ids)
            ids = self._ids(shelf, offset, _PAGE) if len(ids) == _PAGE else []

    def _ids(self, shelf: Shelf, start: int, most: int) -> list[str]:
        if shelf.gate:
            return self._look.parked(shelf.gate, start, most)
        if shelf.state is JobState.QUEUED:
            return self._look.waiting(shelf.queue, start, most)
        if shelf.state is JobState.SCHEDULED:
            return [job_id for job_id, _ in self._look.scheduled(start, most)]
        return [job_id for job_id, _ in self._look.dead(start, most)]

    def _newest_ids(self, shelf: Shelf, most: int) -> list[str]:
        if shelf.state is JobState.STARTED:
            return self._look.started(shelf.queue)[-most:]
        if shelf.state is JobState.QUEUED:
            state = self._look.queue_states([shelf.queue])[0]
            waiting = state.counts[JobState.QUEUED] - state.parked
            return self._look.waiting(shelf.queue, max(0, waiting - most), most)
        return self._ids(shelf, 0, most)

    def _views(self, ids: Sequence[str]) -> list[JobView | None]:
        views = {job.id: job for job in self._look.jobs(ids)}
        return [views.get(job_id) for job_id in ids]


def _from(shelves: list[Shelf], start: LivePlace | None) -> list[Shelf]:
    """The shelves from where a listing goes on; the jobs behind its gate may all have gone on meanwhile."""
    if start is None:
        return shelves
    if start.shelf in shelves:
        return shelves[shelves.index(start.shelf) :]
    if start.shelf.gate:
        ended = {JobState.STARTED, JobState.QUEUED}
        return [
            shelf for shelf in shelves if shelf.gate > start.shelf.gate or shelf.state not in ended
        ]
    raise InvalidOption("this cursor belongs to another search", field="cursor")


def matches(search: JobSearch, job: JobView) -> bool:
    """Whether a live job is what is searched for."""
    return _is_where(search, job) and _is_labelled(search, job) and _is_when(search, job)


def _is_where(search: JobSearch, job: JobView) -> bool:
    return (
        search.job_type in {"", job.job_type}
        and search.queue in {"", job.queue}
        and search.state in {None, job.state}
        and search.worker in {"", job.worker}
        and (not search.error_text or _error_has(job, search.error_text.lower()))
    )


def _is_labelled(search: JobSearch, job: JobView) -> bool:
    options = job.options
    return (
        (not search.tag or search.tag in job.tags)
        and search.trace_id in {"", options.get("trace_id")}
        and search.context_id in {"", options.get("context_id")}
        and search.environment in {"", options.get("environment")}
        and search.tenant in {"", options.get("tenant")}
    )


def _is_when(search: JobSearch, job: JobView) -> bool:
    at = job.created_at
    if at is None:
        return search.since is None and search.until is None
    return (search.since is None or at >= search.since) and (
        search.until is None or at < search.until
    )


def _error_has(job: JobView, text: str) -> bool:
    error = job.error
    return error is not None and text in f"{error.error}: {error.message}".lower()
