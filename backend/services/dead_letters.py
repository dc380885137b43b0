"""The dead-letter queue, page by page, the newest first."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import NamedTuple

from backend.domain.errors import InvalidOption
from backend.domain.job import JobView
from backend.domain.ports import Inspection
from backend.services.dead_filter import DeadFilter

_PAGE = 200
#: Dead jobs looked at for one page, so that a rare filter cannot hold a thread.
_MOST_LOOKED_AT = 5000


class DeadPage(NamedTuple):
    """Some dead jobs with the instants they died at; ``next`` is None at the end."""

    jobs: list[tuple[JobView, datetime]]
    next: str | None
    total: int


class _Place(NamedTuple):
    """The dead job a page ended with, and where it was then: others may have come before it."""

    died_at: datetime
    job_id: str
    offset: int

    def __str__(self) -> str:
        plain = f"dead|{self.died_at.isoformat()}|{self.job_id}|{self.offset}"
        return urlsafe_b64encode(plain.encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> _Place:
        try:
            plain = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
            word, died_at, job_id, offset = plain.split("|")
            place = cls(datetime.fromisoformat(died_at), job_id, int(offset))
        except (ValueError, binascii.Error):
            word = ""
        if word != "dead" or place.died_at.tzinfo is None or place.offset < 0:
            raise InvalidOption(f"{text!r} is not the cursor of a page", field="cursor")
        return place


class DeadLetters:
    """Reads the dead-letter queue."""

    def __init__(self, inspection: Inspection) -> None:
        self._look = inspection

    def page(self, wanted: DeadFilter, limit: int, cursor: str | None) -> DeadPage:
        """The dead jobs that a filter takes, after those of the page that ``cursor`` ends."""
        place = _Place.parse(cursor) if cursor else None
        found: list[tuple[JobView, datetime]] = []
        offset = self._offset(place) if place else 0
        begin = offset
        while entries := self._look.dead(offset, _PAGE):
            views = {job.id: job for job in self._look.jobs([job_id for job_id, _ in entries])}
            for job_id, died_at in entries:
                offset += 1
                job = views.get(job_id)
                if _is_before(place, job_id, died_at) and job and wanted.takes(job, died_at):
                    found.append((job, died_at))
                if len(found) == limit or offset - begin >= _MOST_LOOKED_AT:
                    return self._page(found, _Place(died_at, job_id, offset))
        return self._page(found, None)

    def _page(self, found: list[tuple[JobView, datetime]], place: _Place | None) -> DeadPage:
        return DeadPage(found, str(place) if place else None, self._look.dead_count())

    def _offset(self, place: _Place) -> int:
        """Where to go on: back to where nothing older than the place was passed by."""
        offset = place.offset
        while offset > 0:
            entries = self._look.dead(offset - 1, 1)
            if entries and (entries[0][1], entries[0][0]) >= (place.died_at, place.job_id):
                break
            offset = max(0, offset - _PAGE)
        return offset


def _is_before(place: _Place | None, job_id: str, died_at: datetime) -> bool:
    return place is None or (died_at, job_id) < (place.died_at, place.job_id)
