"""What outbox and relay need of the two stores."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple, Protocol

from backend.domain.events.outbox import (
    OutboxDepth,
    OutboxJob,
    OutboxRow,
    SendReply,
    SentRow,
)
from backend.domain.jobs.job import NewJob


class Outbox(Protocol):
    """The outbox as those see it who put jobs in. Every method raises HistoryUnavailable."""

    def add(self, jobs: Sequence[NewJob], session: Any = None) -> list[bool]:
        """Writes jobs, in ``session``'s transaction or one of its own; of each whether it is new.

        It is not where its id was there already, or stands further up in the list: then nothing is
        written for it. ``session`` is an SQLAlchemy Session or Connection, or a psycopg2 connection or
        cursor.
        """

    def find(self, job_id: str, session: Any = None) -> OutboxRow | None:
        """One row; None when there is none, or it was sent and cleaned away.

        With a ``session``, as its transaction sees it: what that wrote itself, nobody else sees yet.
        """

    def depth(self) -> OutboxDepth:
        """How much waits."""


class RelayClaim(NamedTuple):
    """Rows that a relay took; those it cannot read are named with the reason."""

    jobs: Sequence[OutboxJob]
    unreadable: Sequence[tuple[int, str]] = ()


class RelayStore(Protocol):
    """The outbox as the relay sees it. Every method raises HistoryUnavailable."""

    def claim(self, term: int, most: int, head: int) -> RelayClaim:
        """Takes rows in order of creation, noting the relay's term, in which they are to be sent.

        And ``head``, the version of the newest event: what they become is later than that.
        """

    def in_doubt(self, term: int, most: int) -> dict[int, str]:
        """Numbers and job ids of rows claimed in another term: they may have been sent or not."""

    def sent(self, rows: Sequence[SentRow]) -> None:
        """These rows are in Redis."""

    def give_back(self, rows: Sequence[tuple[int, str]], term: int, pause: float) -> None:
        """These rows of this term were certainly not sent, and why; not again for ``pause`` seconds."""

    def free(self, numbers: Sequence[int], term: int) -> None:
        """These rows of other terms were certainly not sent: they may be claimed."""

    def set_aside(self, rows: Sequence[tuple[int, str]]) -> None:
        """These rows can never be sent, and why."""

    def recorded(self, numbers: Collection[int]) -> set[str]:
        """The ids of those of these rows whose jobs are on record, not only earlier ones of their ids."""

    def last_version(self) -> int:
        """The version of the last event on record; 0 for none."""

    def clean(self, age: float, most: int) -> int:
        """Deletes rows that were sent so many seconds ago and whose jobs are on record; how many."""


class RelayTarget(Protocol):
    """Redis as the relay sees it. Every method raises QueueUnavailable."""

    def close_to_others(self, fence: int) -> bool:
        """From now on nothing is taken from relays with a lower fence; False: a higher one was here."""

    def send(self, jobs: Sequence[NewJob], fence: int) -> list[SendReply] | None:
        """Offers jobs, an answer for each; None when a higher fence was here, and nothing was taken."""

    def known(self, job_ids: Sequence[str]) -> set[str]:
        """Those of the jobs that Redis has."""


class EventProgress(Protocol):
    """How far the record follows Redis, in versions. Raises QueueUnavailable."""

    def head(self) -> int:
        """The version of the newest event; 0 when there never was one."""

    def recorded(self) -> int | None:
        """Every event up to this version is on record; None when none is missing at all."""


class NotifyListener(Protocol):
    """Rings when there is something to do."""

    def wait(self, timeout: float) -> bool:
        """Blocks until it rings, at most ``timeout`` seconds; whether it rang."""

    def close(self) -> None:
        """Listens no longer."""
