"""Event records in Postgres, written together with the jobs that follow from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from backend.domain.events.event_record import EventJob, EventRecord
from backend.domain.events.event_record_ports import EventOutcome, RecordedEvent
from backend.domain.jobs.job_state import JobState
from backend.history.outbox.caller_session import Execute, in_session
from backend.history.outbox.outbox_store import add_to_outbox


class PostgresEventRecordStore:
    """The `EventRecordStore` on Postgres."""

    def __init__(self, engine: Engine, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._now = now

    def add(self, event: EventRecord, jobs: Sequence[EventJob], session: Any = None) -> bool:
        """Writes an event and its jobs, in ``session``'s transaction or one of its own."""
        with in_session(session, self._engine) as execute:
            if not execute("add_event_record", _values_of(event)):
                return False
            if jobs:
                execute(
                    "add_event_record_jobs",
                    {
                        "event_id": event.id,
                        "subscriptions": [job.subscription for job in jobs],
                        "job_ids": [job.job.id for job in jobs],
                    },
                )
                add_to_outbox(execute, [job.job for job in jobs], self._now())
            return True

    def find(self, event_id: str) -> RecordedEvent | None:
        """One event; None when it is unknown."""
        with in_session(None, self._engine) as execute:
            rows = execute("find_event_record", {"id": event_id})
            return _recorded(execute, rows[0]) if rows else None

    def find_context(self, context_id: str, limit: int) -> list[RecordedEvent]:
        """The events of one context of the caller's, the newest first."""
        asked = {"context_id": context_id, "most": limit}
        with in_session(None, self._engine) as execute:
            rows = execute("find_events_of_context", asked)
            return [_recorded(execute, row) for row in rows]


def _recorded(execute: Execute, row: tuple[Any, ...]) -> RecordedEvent:
    event = _event(row)
    rows = execute("outcomes_of_event_record", {"id": event.id})
    return RecordedEvent(event, tuple(_outcome(each) for each in rows))


def _outcome(row: tuple[Any, ...]) -> EventOutcome:
    subscription, job_id, job_type, status, finished_at, last_error, result = row
    return EventOutcome(
        subscription=subscription,
        job_id=job_id,
        job_type=job_type or "",
        state=JobState(status) if status else None,
        result=result,
        last_error=last_error or "",
        finished_at=finished_at,
    )


def _values_of(event: EventRecord) -> dict[str, Any]:
    return {
        "id": event.id,
        "name": event.name,
        "payload": event.payload,
        "source": event.source or None,
        "tenant": event.tenant or None,
        "trace_id": event.trace_id or None,
        "context_id": event.context_id or None,
        "is_test": event.is_test,
    }


def _event(row: tuple[Any, ...]) -> EventRecord:
    event_id, name, payload, source, tenant, trace_id, context_id, is_test, created_at = row
    return EventRecord(
        id=event_id,
        name=name,
        payload=payload,
        source=source or "",
        tenant=tenant or "",
        trace_id=trace_id or "",
        context_id=context_id or "",
        is_test=is_test,
        created_at=created_at,
    )
