"""Publishes events after the unit of work that they belong to has committed, and only then.

For units of work on another database than that of the jobs: there no transaction can hold both, so a
crash between the commit and the publishing loses the event. On the jobs database give the session to
`emit_event` instead, which loses nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy.orm import Session, scoped_session

from backend.domain.events.event_record import Emitted
from backend.services.events.event_payload import event_payload_text
from backend.telemetry.logs.logger import Logger
from backend.transactions.until_commit import UntilCommit

log = Logger("tally.events")

#: `EventService.emit_event`.
Emit = Callable[..., Emitted]


class _Pending(NamedTuple):
    name: str
    #: As it was when the event was published: its publisher may go on working with it.
    payload: dict[str, Any]
    details: dict[str, Any]


class UnitOfWork:
    """Events that wait for the end of a piece of work."""

    def __init__(self) -> None:
        self.pending: list[_Pending] = []

    def publish(self, name: str, payload: Mapping[str, Any] | None = None, **details: Any) -> None:
        """To be emitted when the work is done; raises `InvalidPayload` for what is not JSON."""
        self.pending.append(_pending(name, payload, details))


class EventBus:
    """Collects events and emits them after the commit. An event that then fails is logged."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._waiting = UntilCommit(self._emit_all)

    def publish(
        self,
        session: Session | scoped_session[Session],
        name: str,
        payload: Mapping[str, Any] | None = None,
        **details: Any,
    ) -> None:
        """To be emitted when ``session`` commits, with the payload as it is now.

        Forgotten when it, or the savepoint, is rolled back, or is closed without a commit. Raises
        `InvalidPayload` for what is not JSON.
        """
        own = session() if isinstance(session, scoped_session) else session
        self._waiting.add(own, _pending(name, payload, details))

    @contextmanager
    def unit_of_work(self) -> Iterator[UnitOfWork]:
        """For work without an SQLAlchemy session: emits when the block ends without an error."""
        unit = UnitOfWork()
        yield unit
        self._emit_all(unit.pending)

    def _emit_all(self, pending: list[_Pending]) -> None:
        for event in pending:
            try:
                self._emit(event.name, event.payload, **event.details)
            except Exception:
                # What it tells of has happened: there is nothing left to undo, and others follow.
                log.exception("event.not_published", name=event.name)


def _pending(name: str, payload: Mapping[str, Any] | None, details: dict[str, Any]) -> _Pending:
    return _Pending(name, json.loads(event_payload_text(name, payload or {})), details)
