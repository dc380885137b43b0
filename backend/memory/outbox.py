"""The outbox in memory: jobs that are accepted when a transaction of the caller's commits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.orm import Session, scoped_session

from backend.domain.errors import InvalidOption
from backend.domain.events.outbox import OutboxDepth, OutboxRow, without_delay
from backend.domain.jobs.job import NewJob
from backend.domain.ports import JobQueue
from backend.transactions.until_commit import UntilCommit
from backend.transactions.until_connection_commit import UntilConnectionCommit


class MemoryOutbox:
    """The `Outbox` in memory, which is its own relay: what is committed is in the queue at once."""

    def __init__(self, queue: JobQueue, now: Callable[[], datetime]) -> None:
        self._queue = queue
        self._now = now
        self._sent: dict[str, OutboxRow] = {}
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
        """How much waits for a commit."""
        return OutboxDepth(len(self._waiting()), 0, 0, 0.0)

    def _waiting(self) -> list[OutboxRow]:
        return self._of_sessions.all() + self._of_connections.all()

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
        replies = self._queue.enqueue([row.job for row in rows])
        for row, reply in zip(rows, replies, strict=True):
            self._sent[row.job.id] = row._replace(sent_at=self._now(), accepted_as=reply.id)


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
