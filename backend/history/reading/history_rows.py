"""Rows of the record as values of the domain."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row

from backend.domain.history.history_record import AttemptRecord, HistoryLine, JobRecord
from backend.domain.jobs.attempts.outcome import AttemptError, OutcomeKind
from backend.domain.jobs.job import LogLine
from backend.domain.jobs.job_event import EventKind
from backend.domain.jobs.job_state import JobState


def job_record(row: Row[Any]) -> JobRecord:
    """A row of ``jobs``."""
    return JobRecord(
        id=row.id,
        position=row.position,
        job_type=row.job_type,
        queue=row.queue,
        state=JobState(row.status),
        attempt=row.attempt,
        max_attempts=row.max_attempts,
        created_at=row.created_at,
        enqueued_at=row.enqueued_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        run_at=row.run_at,
        discarded_at=row.discarded_at,
        worker=row.worker or "",
        tags=tuple(row.tags or ()),
        tenant=row.tenant or "",
        trace_id=row.trace_id or "",
        context_id=row.context_id or "",
        environment=row.environment or "",
        version=row.type_version or 1,
        is_test=row.is_test,
        last_error=row.last_error or "",
        error_kind=row.error_kind or "",
        error_reason=row.error_reason or "",
    )


def attempt_record(row: Row[Any]) -> AttemptRecord:
    """A row of ``job_results``."""
    return AttemptRecord(
        attempt=row.attempt,
        outcome=OutcomeKind(row.status),
        worker=row.worker or "",
        queue=row.queue,
        started_at=row.started_at,
        ended_at=row.ended_at,
        waited=_seconds(row.wait_ms),
        ran=_seconds(row.run_ms),
        result=row.result_payload,
        error=_error(row),
        log=tuple(
            LogLine(datetime.fromtimestamp(at / 1000, UTC), level, text)
            for at, level, text in row.log or ()
        ),
    )


def history_line(row: Row[Any]) -> HistoryLine:
    """A row of ``job_events``."""
    return HistoryLine(
        at=row.at,
        kind=EventKind(row.kind),
        state=JobState(row.status) if row.status else None,
        queue=row.queue or "",
        attempt=row.attempt,
        actor=row.actor or "",
        ran=_seconds(row.run_ms),
        due_at=row.due_at,
        note=row.note or "",
    )


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _error(row: Row[Any]) -> AttemptError | None:
    if not row.error_kind:
        return None
    return AttemptError(
        row.error_reason or "", row.error_kind, row.error_message or "", row.traceback or ""
    )
