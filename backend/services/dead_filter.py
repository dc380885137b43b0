"""Which jobs of the dead-letter queue are meant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from backend.domain.job import JobView
from backend.domain.outcome import AttemptError


@dataclass(frozen=True, slots=True)
class DeadFilter:
    """Every condition given must hold; none at all takes every dead job."""

    job_type: str | None = None
    queue: str | None = None
    tag: str | None = None
    tenant: str | None = None
    trace_id: str | None = None
    context_id: str | None = None
    environment: str | None = None
    #: The worker of the last attempt.
    worker: str | None = None
    #: The reason, or any part of the error's class and message.
    error: str | None = None
    #: The error's class and nothing else, as groups of dead jobs are named.
    error_kind: str | None = None
    #: Accepted at or after; accepted before.
    since: datetime | None = None
    until: datetime | None = None
    #: Died at or after; died before.
    after: datetime | None = None
    before: datetime | None = None

    def takes(self, job: JobView, died_at: datetime) -> bool:
        """Whether a dead job is meant."""
        return (
            self._names(job)
            and self._died_of(job.error)
            and _within(died_at, self.after, self.before)
            and _within(job.created_at, self.since, self.until)
        )

    def _names(self, job: JobView) -> bool:
        asked = (
            (self.job_type, job.job_type),
            (self.queue, job.queue),
            (self.worker, job.worker),
            (self.trace_id, job.trace_id),
            (self.tenant, job.options.get("tenant", "")),
            (self.context_id, job.options.get("context_id", "")),
            (self.environment, job.environment),
        )
        if self.tag is not None and self.tag not in job.tags:
            return False
        return all(wanted is None or wanted == found for wanted, found in asked)

    def _died_of(self, error: AttemptError | None) -> bool:
        if self.error_kind not in {None, error.error if error else ""}:
            return False
        if self.error is None:
            return True
        # As the search of jobs does: any part of what a list shows, in whatever case.
        return error is not None and (
            self.error == error.reason
            or self.error.lower() in f"{error.error}: {error.message}".lower()
        )


def _within(at: datetime | None, first: datetime | None, end: datetime | None) -> bool:
    if first is None and end is None:
        return True
    return at is not None and (first is None or at >= first) and (end is None or at < end)
