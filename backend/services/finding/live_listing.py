"""Lists what is in Redis now, shelf by shelf: started, waiting, parked, scheduled, dead."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from backend.domain.jobs.cursor import Cursor, no_cursor, offset_in, other_search
from backend.domain.jobs.job import JobView
from backend.domain.jobs.job_filter import JobFilter
from backend.domain.jobs.job_state import JobState
from backend.domain.ports import Inspection
from backend.services.finding.dead_letters import DeadLetters, DeadPlace

_PAGE = 100
#: Jobs looked at for one page of answers, so that a rare filter cannot hold a thread.
_MOST_LOOKED_AT = 5000


class Shelf(StrEnum):
    """Where jobs are, in the order of the walk: a job that steps aside meanwhile is met behind its gate."""

    STARTED = "started"
    WAITING = "waiting"
    #: Behind a full limit, or the pause of their type.
    PARKED = "parked"
    SCHEDULED = "scheduled"
    DEAD = "dead"


_STATES = {
    Shelf.STARTED: JobState.STARTED,
    Shelf.WAITING: JobState.QUEUED,
    Shelf.PARKED: JobState.QUEUED,
    Shelf.SCHEDULED: JobState.SCHEDULED,
    Shelf.DEAD: JobState.FAILED,
}
_ORDER = list(Shelf)


class ShelfPart(NamedTuple):
    """One list in Redis: of a queue, behind a gate, or of all (no name)."""

    shelf: Shelf
    name: str = ""


class LivePlace(NamedTuple):
    """How far a listing has come: so many jobs of a list, or past a dead one."""

    part: ShelfPart
    offset: int = 0
    dead: DeadPlace | None = None

    def __str__(self) -> str:
        where = self.dead.parts if self.dead else (self.part.name, "", self.offset)
        return str(Cursor("live", (self.part.shelf.value, *where)))

    @classmethod
    def parse(cls, text: str) -> LivePlace:
        """The place written as ``text``; raises `InvalidOption` when it is no place of a live listing."""
        word, *where = Cursor.parts_of(text, "live", str, str, str, int)
        name, _, offset = where
        if word not in _ORDER:
            raise no_cursor(text)
        if word == Shelf.DEAD:
            return cls(ShelfPart(Shelf.DEAD), dead=DeadPlace.of_parts(where, text))
        return cls(ShelfPart(Shelf(word), str(name)), offset_in(offset, text))


class LivePage(NamedTuple):
    """Some jobs; ``next`` is None when all shelves were looked through."""

    jobs: list[JobView]
    next: LivePlace | None


class LiveListing:
    """Walks through the lists of Redis. Jobs that move meanwhile may be seen twice or not at all."""

    def __init__(self, inspection: Inspection) -> None:
        self._look = inspection
        self._dead = DeadLetters(inspection)

    def page(self, wanted: JobFilter, limit: int, start: LivePlace | None) -> LivePage:
        """The jobs from ``start`` that are meant."""
        found: list[JobView] = []
        for looked, (job, place) in enumerate(self._walk(wanted, start), 1):
            if job is not None and wanted.takes(job):
                found.append(job)
            if len(found) == limit or looked >= _MOST_LOOKED_AT:
                return LivePage(found, place)
        return LivePage(found, None)

    def matching(self, wanted: JobFilter) -> Iterator[JobView]:
        """All jobs that are meant, each once."""
        seen: set[str] = set()
        for job, _ in self._walk(wanted, None):
            if job is not None and job.id not in seen and wanted.takes(job):
                seen.add(job.id)
                yield job

    def newest(self, wanted: JobFilter, limit: int) -> list[JobView]:
        """The newest jobs that are meant and are not over, or are dead, the newest first."""
        shelves = {part.shelf for part in self._parts(wanted)}
        ids: list[str] = []
        for part in self._parts(wanted):
            if part.shelf is not Shelf.PARKED:
                ids += self._newest_ids(part, limit)
        if Shelf.PARKED in shelves:
            ids += self._look.newest_parked(limit)
        jobs = [job for job in self._look.jobs(list(dict.fromkeys(ids))) if wanted.takes(job)]
        jobs.sort(
            key=lambda job: (job.created_at is not None, job.created_at, job.id), reverse=True
        )
        return jobs[:limit]

    def _walk(
        self, wanted: JobFilter, start: LivePlace | None
    ) -> Iterator[tuple[JobView | None, LivePlace]]:
        """Each job from a place on, if it is what its list says, and the place after it."""
        for part in _from(self._parts(wanted), start):
            begin = start if start and start.part == part else LivePlace(part)
            if part.shelf is Shelf.DEAD:
                for job, dead in self._dead.walk(begin.dead):
                    is_dead = job is not None and job.state is JobState.FAILED
                    yield job if is_dead else None, LivePlace(part, dead=dead)
            else:
                yield from self._of_list(begin)

    def _of_list(self, begin: LivePlace) -> Iterator[tuple[JobView | None, LivePlace]]:
        part, offset = begin.part, begin.offset
        state = _STATES[part.shelf]
        for ids in self._pages(part, offset):
            views = {job.id: job for job in self._look.jobs(ids) if job.state is state}
            for job_id in ids:
                offset += 1
                yield views.get(job_id), LivePlace(part, offset)

    def _parts(self, wanted: JobFilter) -> list[ShelfPart]:
        queues = [wanted.queue] if wanted.queue else self._look.queue_names()
        parts: list[ShelfPart] = []
        for shelf in _ORDER:
            if wanted.states and _STATES[shelf] not in wanted.states:
                continue
            if shelf is Shelf.PARKED:
                parts += [ShelfPart(shelf, gate) for gate in self._look.gates()]
            elif shelf in {Shelf.STARTED, Shelf.WAITING}:
                parts += [ShelfPart(shelf, queue) for queue in queues]
            else:
                parts.append(ShelfPart(shelf))
        return parts

    def _pages(self, part: ShelfPart, offset: int) -> Iterator[list[str]]:
        if part.shelf is Shelf.STARTED:
            ids = self._look.started(part.name)[offset:]
            yield from (ids[at : at + _PAGE] for at in range(0, len(ids), _PAGE))
            return
        while ids := self._ids(part, offset, _PAGE):
            yield ids
            offset += len(ids)
            if len(ids) < _PAGE:
                return

    def _ids(self, part: ShelfPart, start: int, most: int) -> list[str]:
        if part.shelf is Shelf.PARKED:
            return self._look.parked(part.name, start, most)
        if part.shelf is Shelf.WAITING:
            return self._look.waiting(part.name, start, most)
        return [job_id for job_id, _ in self._look.scheduled(start, most)]

    def _newest_ids(self, part: ShelfPart, most: int) -> list[str]:
        if part.shelf is Shelf.STARTED:
            return self._look.started(part.name)[-most:]
        if part.shelf is Shelf.DEAD:
            return [job_id for job_id, _ in self._look.dead(0, most)]
        if part.shelf is Shelf.WAITING:
            state = self._look.queue_states([part.name])[0]
            return self._look.waiting(part.name, max(0, state.listed - most), most)
        return self._ids(part, 0, most)


def _from(parts: list[ShelfPart], start: LivePlace | None) -> list[ShelfPart]:
    """The lists from where a walk goes on; the jobs behind its gate may all have gone on meanwhile."""
    if start is None or start.part in parts:
        return parts[parts.index(start.part) :] if start else parts
    if start.part.shelf is not Shelf.PARKED:
        raise other_search()
    place = (_ORDER.index(Shelf.PARKED), start.part.name)
    return [part for part in parts if (_ORDER.index(part.shelf), part.name) > place]
