"""What one may search the record for, and the pages that come back."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from backend.domain.errors import InvalidOption
from backend.domain.history_record import JobRecord
from backend.domain.job_state import JobState

MOST_PER_PAGE = 500
#: An index of trigrams knows nothing shorter.
LEAST_TEXT = 3


#: Positions are numbers of 63 bits.
_BEYOND = 1 << 63


def is_storable(text: str) -> bool:
    """Whether any text on record can be equal to this one: Postgres knows no NUL and no half characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


class Bookmark(NamedTuple):
    """The last job of a page; the next page begins after it, whatever came meanwhile."""

    position: int
    job_id: str

    def __str__(self) -> str:
        return urlsafe_b64encode(f"{self.position}:{self.job_id}".encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> Bookmark:
        """The bookmark written as ``text``; raises `InvalidOption` for one that is not ours."""
        try:
            plain = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
            position, _, job_id = plain.partition(":")
            mark = cls(int(position), job_id)
        except (ValueError, binascii.Error) as error:
            raise InvalidOption(f"{text!r} is not the cursor of a page", field="cursor") from error
        if not (0 < mark.position < _BEYOND and is_storable(job_id)):
            raise InvalidOption(f"{text!r} is not the cursor of a page", field="cursor")
        return mark


@dataclass(frozen=True, slots=True)
class JobSearch:
    """What to look for; an empty field matches every job. Newest first, by acceptance."""

    job_type: str = ""
    queue: str = ""
    state: JobState | None = None
    #: Accepted at or after; accepted before. Aware instants.
    since: datetime | None = None
    until: datetime | None = None
    tag: str = ""
    trace_id: str = ""
    context_id: str = ""
    environment: str = ""
    tenant: str = ""
    #: The worker of the last attempt.
    worker: str = ""
    #: Any part of the last error's class and message, in upper or lower case.
    error_text: str = ""
    after: Bookmark | None = None
    limit: int = 50

    def __post_init__(self) -> None:
        if not 1 <= self.limit <= MOST_PER_PAGE:
            raise InvalidOption(f"a page has 1 to {MOST_PER_PAGE} jobs", field="limit")
        for name in (
            "job_type",
            "queue",
            "tag",
            "trace_id",
            "context_id",
            "environment",
            "tenant",
            "worker",
            "error_text",
        ):
            if not is_storable(getattr(self, name)):
                raise InvalidOption(f"{name} holds what is no character", field=name)
        if 0 < len(self.error_text) < LEAST_TEXT:
            raise InvalidOption(
                f"text in errors is searched from {LEAST_TEXT} characters on", field="error"
            )


class JobPage(NamedTuple):
    """One page of found jobs; ``next`` is None on the last one."""

    jobs: tuple[JobRecord, ...]
    next: Bookmark | None
