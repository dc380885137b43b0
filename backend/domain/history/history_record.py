"""A job as history keeps it: where it stands, its attempts, and every line of its life."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from backend.domain.jobs.attempts.outcome import AttemptError, OutcomeKind
from backend.domain.jobs.job import LogLine
from backend.domain.jobs.job_event import EventKind
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.options.follow_ups import FollowUp, follow_ups_of
from backend.domain.jobs.options.job_labels import JobLabels, labels_of


@dataclass(frozen=True, slots=True)
class JobRecord:
    """One job on record. Instants are aware UTC; None where it has not come to that."""

    id: str
    #: Its place in the order of acceptance; negative while only later events are on record.
    position: int
    job_type: str
    queue: str
    state: JobState
    attempt: int
    max_attempts: int
    created_at: datetime | None
    enqueued_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    #: When a scheduled job is due.
    run_at: datetime | None
    #: When a failed job was taken out of the dead-letter queue for good.
    discarded_at: datetime | None
    #: The worker of its last attempt.
    worker: str
    tags: tuple[str, ...]
    tenant: str
    trace_id: str
    context_id: str
    #: Where its maker said that it belongs.
    environment: str
    #: Of the job type when the job was accepted.
    version: int
    is_test: bool
    #: Class and message of the last error, also of a job that succeeded after it.
    last_error: str
    error_kind: str
    error_reason: str


class RecordedQueue(NamedTuple):
    """What is in a queue as far as the record knows."""

    name: str
    scheduled: int
    queued: int
    started: int
    dead: int
    #: Started more than five minutes ago.
    stuck: int
    #: Since when the one waits that waits longest; None when none does.
    oldest_enqueued_at: datetime | None


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """One attempt that ended. Durations are seconds; None where nobody could measure."""

    attempt: int
    outcome: OutcomeKind
    worker: str
    queue: str
    started_at: datetime
    ended_at: datetime
    waited: float | None
    ran: float | None
    result: Any
    error: AttemptError | None
    #: What its handler logged.
    log: tuple[LogLine, ...] = ()


class HistoryLine(NamedTuple):
    """One event of a job's life."""

    at: datetime
    kind: EventKind
    #: The state after it; None when it changed none.
    state: JobState | None
    queue: str
    attempt: int
    #: The worker, or who acted.
    actor: str
    ran: float | None
    due_at: datetime | None
    #: The reason that was given.
    note: str


@dataclass(frozen=True, slots=True)
class JobHistory:
    """Everything that is on record about one job."""

    job: JobRecord
    #: What it was accepted with.
    payload: Any
    #: What it was last redriven with, or a later job that is the same left it; None: never changed.
    changed_payload: Any
    #: What it carries; of what follows from a payload, that of the last one.
    options: dict[str, Any] = field(default_factory=dict)
    attempts: tuple[AttemptRecord, ...] = ()
    timeline: tuple[HistoryLine, ...] = ()

    @property
    def follow_ups(self) -> tuple[FollowUp, ...]:
        """What is enqueued when it ends; by the ids one sees whether it was."""
        return follow_ups_of(self.options)

    @property
    def labels(self) -> JobLabels:
        """What is written on it."""
        return labels_of(self.options)

    @property
    def current_payload(self) -> Any:
        """What it runs with."""
        return self.payload if self.changed_payload is None else self.changed_payload
