"""The dead-letter queue, page by page, the newest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from backend.domain.jobs.cursor import Cursor, no_cursor, offset_in
from backend.domain.jobs.job import JobView
from backend.domain.jobs.job_filter import JobFilter
from backend.domain.ports import Inspection

_PAGE = 200
#: Dead jobs looked at for one page, so that a rare filter cannot hold a thread.
_MOST_LOOKED_AT = 5000


class DeadPage(NamedTuple):
    """Some dead jobs with the instants they died at; ``next`` is None at the end."""

    jobs: list[tuple[JobView, datetime]]
    next: str | None
    total: int


class DeadPlace(NamedTuple):
    """A dead job that a page ended with, and where it was then: others may have come before it."""

    died_at: datetime
    job_id: str
    offset: int

    def __str__(self) -> str:
        return str(Cursor("dead", self.parts))

    @property
    def parts(self) -> tuple[str, str, int]:
        """What a cursor tells of it."""
        return self.died_at.isoformat(), self.job_id, self.offset

    @classmethod
    def parse(cls, text: str) -> DeadPlace:
        """The place written as ``text``; raises `InvalidOption` for one that is not ours."""
        return cls.of_parts(Cursor.parts_of(text, "dead", str, str, int), text)

    @classmethod
    def of_parts(cls, parts: Sequence[str | int], text: str) -> DeadPlace:
        """The place that the parts of the cursor ``text`` tell; raises `InvalidOption` if they cannot."""
        died_at, job_id, offset = parts
        try:
            place = cls(datetime.fromisoformat(str(died_at)), str(job_id), offset_in(offset, text))
        except ValueError as error:
            raise no_cursor(text) from error
        if place.died_at.tzinfo is None:
            raise no_cursor(text)
        return place


class DeadLetters:
    """Reads the dead-letter queue: the one walk over dead jobs."""

    def __init__(self, inspection: Inspection) -> None:
        self._look = inspection

    def page(self, wanted: JobFilter, limit: int, cursor: str | None) -> DeadPage:
        """The dead jobs that a filter takes, after those of the page that ``cursor`` ends."""
        found: list[tuple[JobView, datetime]] = []
        start = DeadPlace.parse(cursor) if cursor else None
        for looked, (job, place) in enumerate(self.walk(start), 1):
            if job is not None and wanted.takes(job):
                found.append((job, place.died_at))
            if len(found) == limit or looked >= _MOST_LOOKED_AT:
                return DeadPage(found, str(place), self._look.dead_count())
        return DeadPage(found, None, self._look.dead_count())

    def matching(self, wanted: JobFilter) -> Iterator[tuple[JobView, datetime]]:
        """All dead jobs that a filter takes, the newest first."""
        for job, place in self.walk(None):
            if job is not None and wanted.takes(job):
                yield job, place.died_at

    def walk(self, start: DeadPlace | None) -> Iterator[tuple[JobView | None, DeadPlace]]:
        """The dead jobs after a place, each once, whoever dies or is redriven meanwhile; None: no hash."""
        offset, last = (self._offset(start), start) if start else (0, None)
        while entries := self._look.dead(offset, _PAGE):
            views = {job.id: job for job in self._look.jobs([job_id for job_id, _ in entries])}
            for job_id, died_at in entries:
                offset += 1
                if last is None or (died_at, job_id) < (last.died_at, last.job_id):
                    last = DeadPlace(died_at, job_id, offset)
                    yield views.get(job_id), last
            offset = self._offset(last._replace(offset=offset)) if last else offset

    def _offset(self, place: DeadPlace) -> int:
        """Where to go on: back to where nothing older than the place was passed by."""
        offset = place.offset
        while not self._is_before(offset, place):
            # What a cursor says may be forged, and most of the list may be gone since.
            offset = self._nearer(min(offset, self._look.dead_count()), place)
        return offset

    def _is_before(self, offset: int, place: DeadPlace) -> bool:
        """Whether all in front of an offset are as new as the place, or newer."""
        if offset == 0:
            return True
        entries = self._look.dead(offset - 1, 1)
        at = (place.died_at, place.job_id)
        return any((died_at, job_id) >= at for job_id, died_at in entries)

    def _nearer(self, beyond: int, place: DeadPlace) -> int:
        """An offset before the place, at most a page from it; ``beyond`` is behind it."""
        before = 0
        while beyond - before > _PAGE:
            middle = (before + beyond) // 2
            if self._is_before(middle, place):
                before = middle
            else:
                beyond = middle
        return before
