"""One job as its events tell it: the same folding as for Postgres, of its whole life at once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from backend.broker.jobs.moments import moment
from backend.domain.history.history_record import (
    AttemptRecord,
    HistoryLine,
    JobHistory,
    JobRecord,
)
from backend.domain.jobs.attempts.outcome import AttemptError, OutcomeKind
from backend.domain.jobs.job import LogLine
from backend.domain.jobs.job_event import EventKind, JobEvent
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.options.job_labels import NO_LABELS
from backend.domain.text.storable_text import storable_text
from backend.history.recording.attempt_fault import AttemptFault, note_of
from backend.history.recording.job_registers import (
    EndedAttempt,
    Fold,
    FoldedEvent,
    JobRegisters,
    fold,
)

_NO_FAULT = AttemptFault("", "", "")


def job_record(events: Sequence[JobEvent]) -> JobRecord:
    """Where the job of these events stands."""
    return _record(_registers(fold(events), events))


def job_history(events: Sequence[JobEvent]) -> JobHistory:
    """Everything that these events tell of their job."""
    folded = fold(events)
    job = _registers(folded, events)
    accepted = job.accepted
    claims = {line.fence for line in folded.timeline if line.event.taken_back}
    return JobHistory(
        _record(job),
        json.loads(accepted.data) if accepted else None,
        json.loads(job.changed_payload) if job.changed_payload else None,
        json.loads(job.options or "{}"),
        tuple(_attempt(ended) for ended in folded.attempts),
        tuple(_line(line, claims) for line in folded.timeline),
    )


def _registers(folded: Fold, events: Sequence[JobEvent]) -> JobRegisters:
    """Those of its one job; of a job of which only silent events are known, empty ones."""
    return folded.jobs[0] if folded.jobs else JobRegisters(events[0].job_id, -1)


def _record(job: JobRegisters) -> JobRecord:
    accepted, labels, fault = job.accepted, job.labels or NO_LABELS, job.fault or _NO_FAULT
    state = JobState(job.status)
    return JobRecord(
        id=job.id,
        position=job.position,
        job_type=accepted.job_type if accepted else "",
        queue=job.queue,
        state=state,
        attempt=job.attempt,
        max_attempts=(accepted.max_attempts or 1) if accepted else 1,
        created_at=_at(max(job.position, 0)),
        enqueued_at=_at(job.ready_version),
        started_at=_at(job.fence),
        finished_at=_at(job.status_version) if state.is_final else None,
        run_at=moment(job.due_ms / 1000) if job.due_ms else None,
        discarded_at=_at(job.discarded_version),
        worker=job.worker,
        tags=labels.tags,
        tenant=labels.tenant,
        trace_id=labels.trace_id,
        context_id=labels.context_id,
        environment=labels.environment,
        version=labels.version,
        is_test=labels.is_test,
        last_error=storable_text(fault.summary) if job.fault else "",
        error_kind=fault.kind,
        error_reason=fault.reason,
    )


def _attempt(ended: EndedAttempt) -> AttemptRecord:
    event, fault = ended.event, ended.fault
    ready = [version for version in ended.job.ready_versions if version < ended.fence]
    is_finished = event.kind == EventKind.FINISHED
    return AttemptRecord(
        attempt=event.attempt,
        outcome=OutcomeKind(event.kind),
        worker=event.worker,
        queue=event.queue,
        started_at=_certain(ended.fence),
        ended_at=_certain(ended.version),
        waited=((ended.fence >> 20) - (ready[-1] >> 20)) / 1000 if ready else None,
        ran=_seconds(event.run_ms),
        result=json.loads(event.body) if is_finished and event.body else None,
        error=AttemptError(*map(storable_text, fault)) if fault else None,
        log=tuple(
            LogLine(moment(at / 1000), level, text)
            for at, level, text in json.loads(event.log or "[]")
        ),
    )


def _line(folded: FoldedEvent, claims: set[int]) -> HistoryLine:
    """A start that was taken back was only a claim."""
    event = folded.event
    is_claim = event.kind == EventKind.STARTED and folded.version in claims
    return HistoryLine(
        at=_certain(folded.version),
        kind=EventKind.CLAIMED if is_claim else EventKind(event.kind),
        state=JobState(folded.status) if folded.status else None,
        queue=event.queue,
        attempt=0 if is_claim else event.attempt,
        actor=event.worker,
        ran=_seconds(event.run_ms),
        due_at=moment(event.due_ms / 1000) if event.due_ms else None,
        note=storable_text(note_of(event)),
    )


def _at(version: int) -> datetime | None:
    return _certain(version) if version else None


def _certain(version: int) -> datetime:
    return moment((version >> 20) / 1000)


def _seconds(milliseconds: float) -> Any:
    return milliseconds / 1000 if milliseconds > 0 else None
