"""The record as the ledger reads and corrects it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine

from backend.domain.errors import IllegalMove
from backend.domain.jobs.job_state import FINAL_STATES, JobState
from backend.domain.jobs.options.follow_ups import follow_ups_of
from backend.domain.jobs.options.job_labels import labels_in
from backend.domain.ledger.ledger import LiveFacts, RecordedFacts
from backend.domain.ledger.ledger_ports import JobContents, RestorableJob
from backend.domain.ledger.lost_control import Said
from backend.history.ledger.ledger_count import PostgresLedgerCount
from backend.history.ledger.ledger_rows import recorded_facts, restorable_job, without_called
from backend.history.outbox.caller_session import in_session
from backend.history.server.connection import translated
from backend.history.server.watched_connection import wait_for_long
from backend.history.statements import statement


class PostgresLedgerStore:
    """The `LedgerStore` on Postgres."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def count(self) -> Iterator[PostgresLedgerCount]:
        """Begins to lay out what is in Redis; raises IllegalMove while another count goes on."""
        with translated(), self._engine.begin() as connection:
            wait_for_long(connection)
            if not connection.execute(statement("take_ledger")).scalar_one():
                raise IllegalMove("another reconciliation is under way; wait for its end")
            yield PostgresLedgerCount(connection)

    def recorded(self, job_ids: Collection[str]) -> dict[str, RecordedFacts]:
        """What the record says of those of the jobs that it knows."""
        rows = self._run("recorded_facts", ids=list(job_ids))
        return {row[0]: recorded_facts(row) for row in rows}

    def sent(self, job_ids: Collection[str]) -> set[str]:
        """Those of the jobs that the outbox says it sent, and that have not come to the record since."""
        return {row[0] for row in self._run("sent_ids", ids=list(job_ids))}

    def restorable(self, job_ids: Collection[str]) -> list[RestorableJob]:
        """Those of the jobs whose acceptance is on record, in order of acceptance.

        Follow-ups that are on record since have been called, and will not be again.
        """
        jobs = [restorable_job(row) for row in self._run("restorable_jobs", ids=list(job_ids))]
        called = self._called(
            {each.id: job for job in jobs for each in follow_ups_of(job.job.options)}
        )
        return [without_called(job, called) for job in jobs] if called else jobs

    def _called(self, parents: Mapping[str, RestorableJob]) -> set[str]:
        """Those of the follow-ups that came since the job that they follow was accepted."""
        if not parents:
            return set()
        positions = [parent.created_ms << 20 for parent in parents.values()]
        rows = self._run("recorded_since", ids=[*parents], positions=positions)
        return {row[0] for row in rows}

    def waiting(self, after: tuple[int, str], most: int) -> list[tuple[int, str]]:
        """Positions and ids of jobs that wait, run or are dead, in order of acceptance, after one."""
        rows = self._run("waiting_jobs", after=after[0], after_id=after[1], most=most)
        return [(row[0], row[1]) for row in rows]

    def accepted(self, after: tuple[int, str], most: int) -> list[tuple[int, str, bool]]:
        """Positions and ids of all jobs after one, and whether it finished and may have a key."""
        rows = self._run("accepted_jobs", after=after[0], after_id=after[1], most=most)
        return [(row[0], row[1], row[2]) for row in rows]

    def waiting_counts(self) -> Mapping[tuple[str, JobState], int]:
        """How many jobs of each queue are on record in each state that is not final."""
        rows = self._run("waiting_counts")
        return {(queue, JobState(status)): jobs for queue, status, jobs in rows}

    def unaccepted(self, most: int) -> list[str]:
        """Jobs that wait or run, and whose acceptance is not on record."""
        return [row[0] for row in self._run("unaccepted_jobs", most=most)]

    def write_row(self, seen: LiveFacts, contents: JobContents) -> bool:
        """Writes the row of a job that is not on record."""
        return bool(self._run("write_missing_row", **_missing_row(seen, contents)))

    def note_started(self, seen: LiveFacts) -> bool:
        """Brings a row up to the attempt that is under way, unless it knows a later event."""
        values = {"id": seen.job_id, "attempt": seen.attempt, "worker": seen.worker}
        return bool(self._run("note_started", fence=seen.fence_version, **values))

    def sent_unrecorded(self) -> list[str]:
        """Jobs that the outbox says it sent, and that are not on record."""
        return [row[0] for row in self._run("sent_unrecorded")]

    def send_again(self, job_ids: Collection[str] | None) -> int:
        """Lets the relay send sent jobs again that are not on record (None: all such); how many."""
        ids = None if job_ids is None else list(job_ids)
        return len(self._run("send_again", ids=ids))

    def said_of_controls(self) -> list[Said]:
        """What the audit log says last of each pause and each limit."""
        rows = self._run("last_controls")
        return [Said(what, action, after or "", by, at) for what, action, after, by, at in rows]

    def last_version(self) -> int:
        """The version of the last event on record; 0 for none."""
        return int(self._run("last_version")[0][0])

    def _run(self, name: str, **values: Any) -> list[tuple[Any, ...]]:
        with in_session(None, self._engine) as execute:
            return execute(name, values)


def _missing_row(seen: LiveFacts, contents: JobContents) -> dict[str, Any]:
    labels = labels_in(contents.options)
    # An attempt that was given back keeps its start but not its fence; what never began, the reverse.
    fence = (seen.fence_version or seen.started_ms << 20) if seen.attempt else 0
    is_final = seen.state in FINAL_STATES
    version = max(seen.changed_ms << 20, fence)
    return {
        "id": seen.job_id,
        "position": seen.created_ms << 20,
        "job_type": contents.job_type,
        "max_attempts": max(contents.max_attempts, 1),
        "payload": contents.payload,
        "options": contents.options,
        "tags": list(labels.tags) or None,
        "tenant": labels.tenant or None,
        "trace_id": labels.trace_id or None,
        "context_id": labels.context_id or None,
        # The end of a job that is over has been told, or never will be.
        "callback_url": None if is_final else labels.callback_url or None,
        "is_test": labels.is_test,
        "status_version": fence if seen.state == JobState.STARTED else version,
        "status": seen.state,
        "due_ms": seen.due_ms if seen.state == JobState.SCHEDULED else None,
        "version": version,
        "queue": seen.queue,
        "fence": fence,
        "attempt": seen.attempt if fence else 0,
        "worker": seen.worker or None,
        "ready_version": seen.enqueued_ms << 20,
    }
