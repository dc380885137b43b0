"""The outbox in memory: jobs that are accepted when a transaction of the caller's commits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.orm import Session, scoped_session

from backend.domain.errors import (
    HistoryBacklogFull,
    IdempotencyConflict,
    InvalidOption,
    QueueFull,
)
from backend.domain.events.outbox import OutboxDepth, OutboxRow, without_delay
from backend.domain.jobs.job import EnqueueReply, NewJob
from backend.domain.ports import JobQueue
from backend.telemetry.logs.logger import Logger
from backend.transactions.until_commit import UntilCommit
from backend.transactions.until_connection_commit import UntilConnectionCommit

log = Logger("tally.relay")


class MemoryOutbox:
    """The `Outbox` in memory, which is its own relay: what is committed is in the queue at once."""

    def __init__(self, queue: JobQueue, now: Callable[[], datetime]) -> None:
        self._queue = queue
        self._now = now
        self._sent: dict[str, OutboxRow] = {}
        self._refused: list[OutboxRow] = []
        self._of_sessions = UntilCommit(self._send)
        self._of_connections = UntilConnectionCommit(self._send)

    def add(self, jobs: Sequence[NewJob], session: Any = None) -> list[bool]:
        """Keeps jobs until ``session`` commits, or sends them at once; of each whether it is new."""
        if session is None:
            return [reply.created for reply in self._queue.enqueue(jobs)]
        owner = _owner(session)
        _begin(owner)
        return [self._keep(job, owner) for job in jobs]

    def find(self, job_id: str, session: Any = None) -> OutboxRow | None:  # noqa: ARG002 - a port
        """One row that waits for its commit, whoever asks, or that was sent."""
        waiting = (row for row in self._waiting() if row.job.id == job_id)
        return next(waiting, self._sent.get(job_id))

    def depth(self) -> OutboxDepth:
        """How much waits for a commit, or for room in the queue."""
        set_aside = sum(bool(row.last_error) for row in self._sent.values())
        return OutboxDepth(len(self._waiting()), 0, set_aside, 0.0)

    def offer_again(self) -> None:
        """What the queue refused, once more."""
        if self._refused:
            self._send([])

    def _waiting(self) -> list[OutboxRow]:
        return self._of_sessions.all() + self._of_connections.all() + self._refused

    def _keep(self, job: NewJob, owner: Session | Connection) -> bool:
        if self._is_known(job.id):
            return False
        row = OutboxRow(without_delay(job, self._now()), self._now(), None, "", "")
        if isinstance(owner, Session):
            self._of_sessions.add(owner, row)
        else:
            self._of_connections.add(owner, row)
        return True

    def _is_known(self, job_id: str) -> bool:
        return self._queue.find(job_id) is not None or self.find(job_id) is not None

    def _send(self, rows: list[OutboxRow]) -> None:
        """As a relay does, whose troubles no commit hears of."""
        offered, self._refused = [*self._refused, *rows], []
        try:
            self._note(offered, self._queue.enqueue([row.job for row in offered]))
        except (IdempotencyConflict, QueueFull, HistoryBacklogFull):
            taken = [self._offer(row) for row in offered]
            if all(taken):
                # A job that runs at once raised it.
                raise

    def _offer(self, row: OutboxRow) -> bool:
        """Whether the queue takes it; one that it never will is set aside, one not now offered again."""
        try:
            self._note([row], self._queue.enqueue([row.job]))
        except IdempotencyConflict as conflict:
            self._sent[row.job.id] = row._replace(last_error=str(conflict))
            log.warning("relay.set_aside", job_id=row.job.id, reason=str(conflict))
            return False
        except (QueueFull, HistoryBacklogFull) as refusal:
            self._refused.append(row._replace(last_error=str(refusal)))
            return False
        return True

    def _note(self, rows: Sequence[OutboxRow], replies: Sequence[EnqueueReply]) -> None:
        for row, reply in zip(rows, replies, strict=True):
            sent = row._replace(sent_at=self._now(), accepted_as=reply.id, last_error="")
            self._sent[row.job.id] = sent


def _owner(session: Any) -> Session | Connection:
    if isinstance(session, scoped_session):
        return session()  # type: ignore[no-any-return] # a registry gives what its factory makes
    if isinstance(session, Session | Connection):
        return session
    raise InvalidOption(
        "in memory a job can go with an SQLAlchemy Session or Connection, whose commit can be seen, not "
        f"with a {type(session).__name__}; test that one with a real Redis and Postgres",
        field="session",
    )


def _begin(owner: Session | Connection) -> None:
    """As a statement would: what has not begun cannot be rolled back."""
    if isinstance(owner, Session):
        owner.connection()
    elif not owner.in_transaction():
        owner.begin()
