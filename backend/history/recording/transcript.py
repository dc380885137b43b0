"""One batch on its way into the record, by the short way or the long one.

The short way hopes that nothing of the batch is on record yet: then new jobs, all events and the attempts
of new jobs are COPYed straight into their tables. A job without a row has no event on record that
matters to it, so what the batch says of a new job is all there is to know. Where the hope is wrong, the
tables refuse a key that they hold, and the long way merges everything through staging tables.
"""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from sqlalchemy import Connection

from backend.history.recording.artifact_rows import artifacts_in
from backend.history.recording.copy_lines import event_lines, job_lines, result_lines
from backend.history.recording.job_registers import EndedAttempt, Fold
from backend.history.server.connection import Unrecordable, translated
from backend.history.statements import source_of, statement

#: psycopg2 would hand over 8 KiB at a time.
_PIECE = 1 << 20
_MS_OF_HOUR = 3_600_000


class Transcript:
    """The rows of a folded batch, ready to be written in any number of transactions."""

    def __init__(self, folded: Fold) -> None:
        # In the order of ids, so that two recorders wait for each other instead of deadlocking.
        jobs = sorted(folded.jobs, key=lambda job: job.id)
        self._bounds = {"least_id": jobs[0].id, "greatest_id": jobs[-1].id} if jobs else {}
        self._begins = folded.timeline[0].version if folded.timeline else 0
        attempts = folded.attempts
        self._new_jobs = _encoded(job_lines(job for job in jobs if job.accepted))
        self._known_jobs = _encoded(job_lines(job for job in jobs if not job.accepted))
        self._events = _encoded(event_lines(folded.timeline))
        self._new_results = _encoded(result_lines(one for one in attempts if one.job.accepted))
        self._known_results = _encoded(
            result_lines(one for one in attempts if not one.job.accepted)
        )
        #: Jobs whose last start may have been taken back, by this batch or one that was faster.
        self._starts = [job.id for job in jobs if job.takes_back or job.status == "started"]
        self._artifacts = artifacts_in(attempt.event for attempt in attempts)
        self._hours = sorted({_hour_of(attempt) for attempt in attempts})

    def write(self, connection: Connection) -> None:
        """Writes everything; raises `Unrecordable` when a row is refused on the long way too."""
        try:
            with translated(), connection.begin_nested():
                self._copy_what_is_new(connection)
        except Unrecordable:
            self._merge(
                connection,
                self._new_jobs + self._known_jobs,
                self._new_results + self._known_results,
            )
        if self._artifacts:
            connection.execute(
                statement("add_artifacts"), {"artifacts": json.dumps(self._artifacts)}
            )
        if self._hours:
            connection.execute(statement("mark_stale_hours"), {"hours": self._hours})

    def _copy_what_is_new(self, connection: Connection) -> None:
        _copy(connection, "copy_jobs", self._new_jobs)
        _copy(connection, "copy_job_events", self._events)
        _copy(connection, "copy_job_results", self._new_results)
        if self._known_jobs:
            connection.execute(statement("prepare_staging"))
            self._upsert(connection, self._known_jobs, self._known_results)

    def _merge(self, connection: Connection, jobs: bytes, results: bytes) -> None:
        connection.execute(statement("prepare_staging"))
        _copy(connection, "stage_events", self._events)
        connection.execute(statement("append_job_events"))
        self._upsert(connection, jobs, results)

    def _upsert(self, connection: Connection, jobs: bytes, results: bytes) -> None:
        """Jobs come first: their row locks make recorders that meet take turns."""
        _copy(connection, "stage_jobs", jobs)
        connection.execute(statement("upsert_jobs"))
        completed = {**self._bounds, "least_version": self._begins}
        connection.execute(statement("complete_job_results"), completed)
        if results:
            _copy(connection, "stage_results", results)
            connection.execute(statement("upsert_job_results"), self._bounds)
        if self._starts:
            connection.execute(statement("take_back_starts"), {"ids": self._starts})


def _encoded(lines: str) -> bytes:
    """As UTF-8; half a surrogate pair, which is no character, becomes a question mark."""
    return lines.encode("utf-8", "replace")


def _hour_of(attempt: EndedAttempt) -> datetime:
    hours = (attempt.version >> 20) // _MS_OF_HOUR
    return datetime.fromtimestamp(hours * _MS_OF_HOUR / 1000, UTC)


def _copy(connection: Connection, name: str, lines: bytes) -> None:
    """Copies lines, if there are any, by the statement of this name."""
    if not lines:
        return
    # SQLAlchemy has no COPY of its own; this is psycopg2's cursor in the same transaction.
    cursor: Any
    with closing(connection.connection.cursor()) as cursor:
        cursor.copy_expert(source_of(name), BytesIO(lines), _PIECE)
