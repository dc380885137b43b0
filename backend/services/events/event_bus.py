"""Publishes events after the unit of work that they belong to has committed, and only then.

For units of work on another database than that of the jobs: there no transaction can hold both, so a
crash between the commit and the publishing loses the event. On the jobs database give the session to
`emit_event` instead, which loses nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import event as sqlalchemy_event
from sqlalchemy.orm import Session, SessionTransaction

from backend.domain.errors import TallyError
from backend.domain.events.event_record import Emitted
from backend.telemetry.logs.logger import Logger

log = Logger("tally.events")

_PENDING = "tally_pending_events"
#: `EventService.emit_event`.
Emit = Callable[..., Emitted]


class _Pending(NamedTuple):
    name: str
    payload: Mapping[str, Any]
    details: dict[str, Any]
    #: The transaction it was published in and those around it: any of them may be rolled back.
    within: tuple[SessionTransaction, ...] = ()


class UnitOfWork:
    """Events that wait for the end of a piece of work."""

    def __init__(self) -> None:
        self.pending: list[_Pending] = []

    def publish(self, name: str, payload: Mapping[str, Any] | None = None, **details: Any) -> None:
        """To be emitted when the work is done."""
        self.pending.append(_Pending(name, payload or {}, details))


class EventBus:
    """Collects events and emits them after the commit. An event that then fails is logged."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit

    def publish(
        self, session: Session, name: str, payload: Mapping[str, Any] | None = None, **details: Any
    ) -> None:
        """To be emitted when ``session`` commits; forgotten when it, or the savepoint, is rolled back."""
        if _PENDING not in session.info:
            session.info[_PENDING] = []
            sqlalchemy_event.listen(session, "after_commit", self._after_commit)
            sqlalchemy_event.listen(session, "after_soft_rollback", _after_rollback)
        pending = _Pending(name, payload or {}, details, _enclosing(session))
        session.info[_PENDING].append(pending)

    @contextmanager
    def unit_of_work(self) -> Iterator[UnitOfWork]:
        """For work without an SQLAlchemy session: emits when the block ends without an error."""
        unit = UnitOfWork()
        yield unit
        self._emit_all(unit.pending)

    def _after_commit(self, session: Session) -> None:
        if session.in_nested_transaction():
            return
        pending, session.info[_PENDING] = session.info[_PENDING], []
        self._emit_all(pending)

    def _emit_all(self, pending: list[_Pending]) -> None:
        for event in pending:
            try:
                self._emit(event.name, event.payload, **event.details)
            except TallyError:
                # What it tells of has happened: there is nothing left to undo.
                log.exception("event.not_published", name=event.name)


def _enclosing(session: Session) -> tuple[SessionTransaction, ...]:
    within = []
    transaction = session.get_nested_transaction() or session.get_transaction()
    if transaction is None:
        transaction = session.begin()
    while transaction is not None:
        within.append(transaction)
        transaction = transaction.parent
    return tuple(within)


def _after_rollback(session: Session, ended: SessionTransaction) -> None:
    session.info[_PENDING] = [
        event for event in session.info[_PENDING] if ended not in event.within
    ]
