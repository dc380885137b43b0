"""Jobs of other programs that were found where ours wait: RQ's, enqueued under the same key prefix."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from backend.domain.errors import InvalidOption
from backend.domain.jobs.queue_name import DEAD_LETTER_QUEUE, Priority


class ForeignJob(NamedTuple):
    """One that was set apart, untouched."""

    id: str
    #: Where it was enqueued.
    queue: str
    #: What it would call, as RQ describes it.
    call: str
    since: datetime


class ForeignJobs(Protocol):
    """Those that were set apart. Raises `QueueUnavailable`."""

    def count(self) -> int:
        """How many there are."""

    def first(self, most: int) -> list[ForeignJob]:
        """Those that are there for longest."""

    def give_back(self, job_ids: Sequence[str], queue: str) -> list[bool]:
        """Enqueues jobs in a queue of RQ; False for one that was not set apart, or is gone."""


def queue_of_others(name: str) -> str:
    """The name, if it is none that our workers look into; raises `InvalidOption`."""
    ours = {*Priority, DEAD_LETTER_QUEUE}
    if not name or name.partition(":")[0] in ours:
        raise InvalidOption(
            f"{name!r} is a queue of Tally's own; name one that RQ's workers listen to, such as default"
        )
    return name
