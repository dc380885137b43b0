"""How many jobs wait in a queue and how long the oldest has: samples, where they are kept and read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

#: The queue of a sample that is of all queues together.
ALL_QUEUES = ""


class QueueDepth(NamedTuple):
    """What waited in a queue in the minute (or in the worst minute of the stretch) from ``at``."""

    at: datetime
    #: Empty: of all queues.
    queue: str
    #: Jobs.
    waiting: int
    #: Seconds that the next job to run had waited.
    oldest_wait: float


class DepthBook(Protocol):
    """Raises HistoryUnavailable, or MigrationError when the table is missing."""

    def now(self) -> datetime:
        """The time by the record's own clock."""

    def add(self, samples: Sequence[QueueDepth]) -> int:
        """Keeps samples; who was first in a minute has the say. How many were new."""

    def prune(self, before: datetime) -> int:
        """Deletes samples older than an instant; how many."""


class DepthReader(Protocol):
    """Raises HistoryUnavailable, or MigrationError when the table is missing."""

    def by_slice(
        self, since: datetime, until: datetime, seconds: int, queue: str = ALL_QUEUES
    ) -> list[QueueDepth]:
        """The most of each stretch of so many seconds that was sampled, the oldest first."""

    def waiting_at(self, at: datetime) -> dict[str, int] | None:
        """Jobs by queue in the last sample of the three minutes to ``at``; None when there is none.

        A queue that it does not name held nothing.
        """
