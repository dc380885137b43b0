"""The outbox in memory: jobs that are accepted when a transaction of the caller's commits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.orm import Session, scoped_session

from backend.domain.errors import InvalidOption
from backend.domain.events.outbox import OutboxDepth, OutboxRow, without_delay
from backend.domain.jobs.job import NewJob
from backend.domain.ports import JobQueue


class MemoryOutbox:
    """The `Outbox` in memory, which is its own relay: what is committed is in the queue at once."""

    def __init__(self, queue: JobQueue, now: Callable[[], datetime]) -> None:
        self._queue = queue
        self._now = now
        #: What waits for a commit, with the savepoint in which it was written, by session.
        self._open: dict[int, list[tuple[OutboxRow, object]]] = {}
        self._watched: set[int] = set()
        self._sent: dict[str, OutboxRow] = {}

    def add(self, jobs: Sequence[NewJob], session: Any = None) -> list[bool]:
        """Keeps jobs until ``session`` commits, or sends them at once; of each whether it is new."""
        if session is None:
            return [reply.created for reply in self._queue.enqueue(jobs)]
        owner = _owner(session)
        _begin(owner)
        self._watch(owner)
        return [self._keep(job, owner) for job in jobs]

    def find(self, job_id: str, session: Any = None) -> OutboxRow | None:
        """One row that waits for its commit, whoever asks, or that was sent."""
        rows = (row for waiting in self._open.values() for row, _ in waiting)
        return next((row for row in rows if row.job.id == job_id), self._sent.get(job_id))

    def depth(self) -> OutboxDepth:
        """How much waits for a commit."""
        return OutboxDepth(sum(map(len, self._open.values())), 0, 0, 0.0)

    def _keep(self, job: NewJob, owner: Session | Connection) -> bool:
        if self._is_known(job.id):
            return False
        row = OutboxRow(without_delay(job, self._now()), self._now(), None, "", "")
        self._open.setdefault(id(owner), []).append((row, _savepoint(owner)))
        return True

    def _is_known(self, job_id: str) -> bool:
        return self._queue.find(job_id) is not None or self.find(job_id) is not None

    def _watch(self, owner: Session | Connection) -> None:
        if id(owner) in self._watched:
            return
        self._watched.add(id(owner))
        if isinstance(owner, Session):
            event.listen(owner, "after_commit", self._session_committed)
            event.listen(owner, "after_soft_rollback", self._session_rolled_back)
        else:
            event.listen(owner, "commit", self._send)
            event.listen(owner, "rollback", self._drop)

    def _session_committed(self, session: Session) -> None:
        if not session.in_nested_transaction():
            self._send(session)

    def _session_rolled_back(self, session: Session, ended: Any) -> None:
        kept = [
            each
            for each in self._open.get(id(session), [])
            if ended.nested and each[1] is not ended
        ]
        self._open[id(session)] = kept

    def _send(self, owner: object) -> None:
        rows = [row for row, _ in self._open.pop(id(owner), [])]
        if not rows:
            return
        replies = self._queue.enqueue([row.job for row in rows])
        for row, reply in zip(rows, replies, strict=True):
            self._sent[row.job.id] = row._replace(sent_at=self._now(), accepted_as=reply.id)

    def _drop(self, owner: object) -> None:
        self._open.pop(id(owner), None)


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


def _savepoint(owner: Session | Connection) -> object:
    return owner.get_nested_transaction()
