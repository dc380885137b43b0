"""The outbox in Postgres, for the relay that empties it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Engine

from backend.domain.errors import TallyError
from backend.domain.events.outbox import OutboxJob, SentRow
from backend.domain.events.outbox_ports import RelayClaim
from backend.history.outbox.caller_session import in_session
from backend.history.outbox.outbox_text import job_in


class PostgresRelayStore:
    """The `RelayStore` on Postgres. Each method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def claim(self, term: int, most: int, head: int) -> RelayClaim:
        """Takes rows in order of creation, noting the relay's term, in which they are to be sent.

        And ``head``, the version of the newest event: what they become is later than that.
        """
        rows = self._run("claim_outbox", term=term, most=most, head=head)
        jobs: list[OutboxJob] = []
        unreadable: list[tuple[int, str]] = []
        for number, text in sorted(rows):
            try:
                jobs.append(OutboxJob(number, job_in(text)))
            except (ValueError, KeyError, TypeError, TallyError) as error:
                unreadable.append((number, f"it cannot be read: {type(error).__name__}: {error}"))
        return RelayClaim(jobs, unreadable)

    def in_doubt(self, term: int, most: int) -> dict[int, str]:
        """Numbers and job ids of rows claimed in another term: they may have been sent or not."""
        rows = self._run("outbox_in_doubt", term=term, most=most)
        return dict(rows)

    def sent(self, rows: Sequence[SentRow]) -> None:
        """These rows are in Redis."""
        numbers, ids = [row.number for row in rows], [row.job_id for row in rows]
        self._run("note_sent", numbers=numbers, ids=ids, were_there=[row.was_there for row in rows])

    def give_back(self, rows: Sequence[tuple[int, str]], term: int, pause: float) -> None:
        """These rows of this term were certainly not sent, and why; not again for ``pause`` seconds."""
        numbers, reasons = [number for number, _ in rows], [reason for _, reason in rows]
        self._run("give_back_to_outbox", numbers=numbers, reasons=reasons, term=term, pause=pause)

    def free(self, numbers: Sequence[int], term: int) -> None:
        """These rows of other terms were certainly not sent: they may be claimed."""
        self._run("free_in_outbox", numbers=list(numbers), term=term)

    def set_aside(self, rows: Sequence[tuple[int, str]]) -> None:
        """These rows can never be sent, and why."""
        numbers, reasons = [number for number, _ in rows], [reason for _, reason in rows]
        self._run("set_aside_in_outbox", numbers=numbers, reasons=reasons)

    def recorded(self, numbers: Collection[int]) -> set[str]:
        """The ids of those of these rows whose jobs are on record, not only earlier ones of their ids."""
        return {row[0] for row in self._run("recorded_of_outbox", numbers=list(numbers))}

    def last_version(self) -> int:
        """The version of the last event on record; 0 for none."""
        return int(self._run("last_version")[0][0])

    def clean(self, age: float, most: int) -> int:
        """Deletes rows that were sent so many seconds ago and whose jobs are on record; how many."""
        return len(self._run("clean_outbox", age=age, most=most))

    def _run(self, name: str, **values: Any) -> list[tuple[Any, ...]]:
        with in_session(None, self._engine) as execute:
            return execute(name, values)
