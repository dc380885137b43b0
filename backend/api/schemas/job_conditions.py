"""Which jobs are meant, in the words of a query and of a body alike."""

from __future__ import annotations

from pydantic import Field

from backend.api.schemas.base import Request
from backend.api.schemas.fields import Instant, Line, QueueText, StateWord, Tag, TypeName
from backend.domain.jobs.job_filter import JobFilter
from backend.domain.jobs.job_state import JobState


class JobConditions(Request):
    """What jobs in whatever state can be told by; every condition given must hold."""

    job_type: TypeName | None = None
    queue: QueueText | None = None
    since: Instant | None = Field(None, description="Accepted at or after.")
    until: Instant | None = Field(None, description="Accepted before.")
    tag: Tag | None = None
    trace_id: Line | None = None
    context_id: Line | None = None
    environment: Line | None = Field(None, description="Where its maker said that it belongs.")
    tenant: Line | None = None
    worker: Line | None = Field(None, description="The worker of the last attempt.")
    error: Line | None = Field(
        None,
        description="Any part of the last error's class and message; of jobs in Redis its reason, too.",
    )
    error_kind: Line | None = Field(None, description="Class of the last error, exactly.")
    after: Instant | None = Field(None, description="Died at or after.")
    before: Instant | None = Field(None, description="Died before.")

    def job_filter(self, tenant: str | None, *states: JobState) -> JobFilter:
        """The filter, in the domain's words; the tenant is the one that may be seen."""
        return JobFilter(
            job_type=self.job_type or "",
            queue=self.queue or "",
            states=frozenset(states),
            tag=self.tag or "",
            tenant=tenant or "",
            trace_id=self.trace_id or "",
            context_id=self.context_id or "",
            environment=self.environment or "",
            worker=self.worker or "",
            error_text=self.error or "",
            error_kind=self.error_kind or "",
            accepted_since=self.since,
            accepted_until=self.until,
            died_after=self.after,
            died_before=self.before,
        )


class SearchConditions(JobConditions):
    """Which jobs are meant, of all that are in Redis or on record."""

    state: StateWord | None = None

    def search(self, tenant: str | None) -> JobFilter:
        """The filter; of jobs in one state if one is given."""
        return self.job_filter(tenant, *([self.state] if self.state else []))
