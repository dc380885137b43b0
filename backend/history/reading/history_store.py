"""The record as it is looked into: one job, pages of found jobs, counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row

from backend.domain.history.history_record import JobHistory, RecordedQueue
from backend.domain.history.history_search import Bookmark, JobPage
from backend.domain.history.history_statistics import TimeWindow
from backend.domain.jobs.job_filter import JobFilter
from backend.domain.jobs.job_state import JobState
from backend.history.reading.error_search import newest_error_ids
from backend.history.reading.history_rows import attempt_record, history_line, job_record
from backend.history.server.connection import translated
from backend.history.statements import statement

#: Positions of accepted jobs are positive; those of jobs known only by later events are not listed.
_FIRST, _LAST = 1, (1 << 63) - 1
#: So many jobs are looked through one by one for whether they meet the other conditions of a search by tag.
_NEWEST_TAGGED = 1000
#: Conditions that few jobs meet, or that have an index of their own in the order of a page.
_OTHERS = frozenset(
    {
        "job_type",
        "queue",
        "state",
        "states",
        "trace_id",
        "context_id",
        "environment",
        "tenant",
        "worker",
        "error_kind",
        "died_after",
        "died_before",
    }
)


class PostgresHistoryStore:
    """The `HistoryReader` in Postgres."""

    def __init__(self, engine: Engine, replica: Engine | None = None) -> None:
        """Pages and counts come from ``replica``, if there is one; one job does not: it may be new."""
        self._engine = engine
        self._pages = replica or engine
        self._has_replica = replica is not None and replica is not engine

    def find(self, job_id: str) -> JobHistory | None:
        """The job's row, its attempts and its events, as of one instant."""
        snapshot = self._engine.execution_options(isolation_level="REPEATABLE READ")
        with translated(), snapshot.begin() as connection:
            row = connection.execute(statement("find_job"), {"job_id": job_id}).one_or_none()
            if row is None:
                return None
            attempts = connection.execute(statement("find_attempts"), {"job_id": job_id})
            events = connection.execute(statement("find_events"), {"job_id": job_id})
            return JobHistory(
                job_record(row),
                row.payload,
                row.changed_payload,
                row.options or {},
                tuple(attempt_record(attempt) for attempt in attempts),
                tuple(history_line(event) for event in events),
            )

    def search(self, wanted: JobFilter, limit: int, after: Bookmark | None) -> JobPage:
        """One page of the jobs that are meant, newest first."""
        # One more than asked for tells whether there is another page.
        rows = self.search_jobs(wanted, limit + 1, after or Bookmark(0, ""))
        jobs = tuple(job_record(row) for row in rows[:limit])
        following = Bookmark(jobs[-1].position, jobs[-1].id) if len(rows) > limit else None
        return JobPage(jobs, following, self.replayed_until())

    def replayed_until(self) -> datetime | None:
        """The moment up to which the replica has what was recorded; None where none is read."""
        if not self._has_replica:
            return None
        with translated(), self._pages.connect() as connection:
            found: datetime | None = connection.execute(statement("replayed_until")).scalar_one()
        return found

    def search_jobs(self, wanted: JobFilter, most: int, after: Bookmark) -> Sequence[Row[Any]]:
        """The rows that are meant."""
        states = sorted(state.value for state in wanted.states)
        since, until = wanted.accepted_since, wanted.accepted_until
        found = {
            "since_version": _version_at(since) if since else _FIRST,
            "until_version": _version_at(until) if until else _LAST,
            "after_position": after.position or None,
            "after_id": after.job_id,
            "ids": None,
            "job_type": wanted.job_type or None,
            "queue": wanted.queue or None,
            "state": states[0] if len(states) == 1 else None,
            "states": states if len(states) > 1 else None,
            "tag": wanted.tag or None,
            "trace_id": wanted.trace_id or None,
            "context_id": wanted.context_id or None,
            "environment": wanted.environment or None,
            "tenant": wanted.tenant or None,
            "worker": wanted.worker or None,
            "error_kind": wanted.error_kind or None,
            "error_pattern": _pattern(wanted.error_text) if wanted.error_text else None,
            "died_after": wanted.died_after,
            "died_before": wanted.died_before,
            "most": most,
        }
        with translated(), self._pages.connect() as connection:
            if wanted.tag:
                ids = self.tagged_ids(connection, found)
                rows = connection.execute(statement("search_jobs"), {**found, "ids": ids}).all()
                if len(rows) == most or len(ids) < _NEWEST_TAGGED:
                    return rows
            elif wanted.error_text and not _OTHERS.intersection(_told(found)):
                newest = newest_error_ids(connection, found)
                if newest is not None:
                    found = {**found, "ids": newest}
            return connection.execute(statement("search_jobs"), found).all()

    def tagged_ids(self, connection: Connection, found: dict[str, Any]) -> list[str]:
        """The newest jobs with a tag: all of them where it is rare, enough for a page where it is not."""
        asked = {**found, "newest": _NEWEST_TAGGED}
        return list(connection.execute(statement("tagged_ids"), asked).scalars())

    def count_by_state(self, window: TimeWindow | None) -> dict[JobState, int]:
        """How many jobs are in each state."""
        with translated(), self._pages.connect() as connection:
            rows = (
                connection.execute(statement("count_accepted"), _bounds(window))
                if window
                else connection.execute(statement("count_by_state"))
            )
            return {JobState(row.state): row.jobs for row in rows}

    def queues(self) -> list[RecordedQueue]:
        """Every queue with jobs that have not ended, or are dead."""
        with translated(), self._engine.connect() as connection:
            return [RecordedQueue(*row) for row in connection.execute(statement("recorded_queues"))]


def _told(found: dict[str, Any]) -> set[str]:
    return {name for name, value in found.items() if value is not None}


def _version_at(instant: datetime) -> int:
    """The lowest version that an event of this instant can have, inside the range of versions."""
    return min(max(int(instant.timestamp() * 1000) << 20, _FIRST), _LAST)


def _pattern(text: str) -> str:
    """A pattern for ILIKE that matches the text itself, wherever it stands."""
    plain = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{plain}%"


def _bounds(window: TimeWindow) -> dict[str, Any]:
    return {
        "states": [state.value for state in JobState],
        "since_version": _version_at(window.since),
        "until_version": _version_at(window.until),
    }
