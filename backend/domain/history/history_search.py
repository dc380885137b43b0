"""What one may search the record for, and the pages that come back."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from backend.domain.errors import InvalidOption
from backend.domain.history.history_record import JobRecord
from backend.domain.jobs.cursor import Cursor, no_cursor
from backend.domain.jobs.job_filter import JobFilter, is_storable

MOST_PER_PAGE = 500
#: An index of trigrams knows nothing shorter.
LEAST_TEXT = 3


class Bookmark(NamedTuple):
    """The last job of a page; the next page begins after it, whatever came meanwhile."""

    position: int
    job_id: str

    def __str__(self) -> str:
        return str(Cursor("record", (self.position, self.job_id)))

    @classmethod
    def parse(cls, text: str) -> Bookmark:
        """The bookmark written as ``text``; raises `InvalidOption` for one that is not ours."""
        position, job_id = Cursor.parts_of(text, "record", int, str)
        mark = cls(int(position), str(job_id))
        if mark.position == 0 or not is_storable(mark.job_id):
            raise no_cursor(text)
        return mark


def check_search(wanted: JobFilter, limit: int) -> None:
    """Raises `InvalidOption` for a page that is too large, and a text that is too short to be searched."""
    if not 1 <= limit <= MOST_PER_PAGE:
        raise InvalidOption(f"a page has 1 to {MOST_PER_PAGE} jobs", field="limit")
    if 0 < len(wanted.error_text) < LEAST_TEXT:
        raise InvalidOption(
            f"text in errors is searched from {LEAST_TEXT} characters on", field="error"
        )


class JobPage(NamedTuple):
    """One page of found jobs; ``next`` is None on the last one."""

    jobs: tuple[JobRecord, ...]
    next: Bookmark | None
    #: Of a page that a replica answered: up to when it has what was recorded.
    as_of: datetime | None = None
