"""One laying out of everything in Redis beside the record: bounded memory here, one statement there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from typing import Any

from sqlalchemy import Connection

from backend.domain.jobs.job_state import JobState
from backend.domain.ledger.ledger import LiveFacts
from backend.domain.ledger.ledger_judgement import is_sound
from backend.domain.ledger.ledger_ports import Entry, Suspect
from backend.history.server.connection import translated
from backend.history.statements import source_of, statement


class PostgresLedgerCount:
    """The `LedgerCount` in temporary tables of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        with translated():
            connection.execute(statement("prepare_count"))

    def note_jobs(self, jobs: Sequence[LiveFacts]) -> None:
        """Takes a page of jobs."""
        self._copy("lay_out_jobs", (_job_fields(job) for job in jobs))
        reached = [(job.job_id, f"attempt:{job.attempt}") for job in jobs if job.attempt]
        self._copy("lay_out_entries", reached)

    def note_entries(self, entries: Sequence[Entry]) -> None:
        """Takes a page of entries."""
        self._copy("lay_out_entries", entries)

    def suspects(self, most: int) -> Iterator[list[Suspect]]:
        """Pages of jobs of which something does not fit, of Redis, the record and the outbox."""
        with translated():
            self._connection.execute(statement("analyze_count"))
            streamed = self._connection.execution_options(yield_per=most)
            for rows in streamed.execute(statement("suspects")).partitions():
                yield [Suspect(row[0], row[1]) for row in rows]

    def _copy(self, name: str, rows: Iterable[Sequence[str]]) -> None:
        lines = "".join(["\t".join(map(_escaped, row)) + "\n" for row in rows])
        # SQLAlchemy has no COPY of its own; this is psycopg2's cursor in the same transaction.
        connection: Any = self._connection.connection
        with translated(), connection.cursor() as cursor:
            cursor.copy_expert(source_of(name), BytesIO(lines.encode("utf-8", "replace")))


def _job_fields(job: LiveFacts) -> tuple[str, ...]:
    home = job.home if job.state == JobState.QUEUED else ""
    return job.job_id, job.state, job.queue, home, "t" if is_sound(job) else "f"


def _escaped(text: str) -> str:
    """A value as COPY wants it; foreign hands may have written anything."""
    text = text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")
    return text.replace("\r", "\\r").replace("\0", "\ufffd")
