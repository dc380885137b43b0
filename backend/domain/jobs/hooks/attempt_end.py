"""The end of one attempt, as observers are told of it."""

from __future__ import annotations

from dataclasses import dataclass

from backend.domain.jobs.attempts.outcome import AttemptError, Outcome, OutcomeKind
from backend.domain.jobs.job import ClaimedJob
from backend.domain.jobs.options.job_labels import NO_LABELS, JobLabels, labels_in


@dataclass(frozen=True, slots=True)
class AttemptEnd:
    """One attempt whose outcome is on the books. Durations are seconds."""

    job_id: str
    job_type: str
    #: Counts from 1.
    attempt: int
    max_attempts: int
    queue: str
    #: Tells this attempt from all others of its job.
    fence: str
    #: ``finished``, ``retried``, ``snoozed``, ``failed`` (dead), ``canceled`` or ``released``. Of a job
    #: whose process died also ``crashed`` (charged, it comes again) and ``suspected`` (not charged).
    outcome: str
    #: What went wrong, without secrets; None for nothing.
    error: AttemptError | None
    #: Until the job may run again; 0 where it will not, or at once.
    delay_seconds: float
    #: 0 where its process died: nobody knows.
    run_seconds: float
    #: How long it was ready before this attempt began; 0 where its process died.
    wait_seconds: float
    #: What is written on the job: tenant, tags, trace.
    labels: JobLabels

    @property
    def is_dead(self) -> bool:
        """Whether the job is given up."""
        return self.outcome == OutcomeKind.FAILED.value


def attempt_end(job: ClaimedJob, outcome: Outcome) -> AttemptEnd:
    """What observers are told of an attempt."""
    return AttemptEnd(
        job.id,
        job.job_type,
        job.attempt,
        job.max_attempts,
        job.queue,
        job.fence,
        outcome.kind.value,
        outcome.error,
        outcome.delay,
        outcome.run_seconds,
        job.wait,
        labels_of(job.options),
    )


def labels_of(options: bytes | str) -> JobLabels:
    """What is written on a job; one whose options cannot be read has ended all the same."""
    try:
        return labels_in(options)
    except ValueError:
        return NO_LABELS
