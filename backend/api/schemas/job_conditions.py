"""Which jobs are meant, in the words of a query and of a body alike."""

from __future__ import annotations

from pydantic import Field

from backend.api.schemas.base import Request
from backend.api.schemas.fields import Instant, Line, QueueText, StateWord, Tag, TypeName
from backend.domain.history_search import JobSearch


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
    error: Line | None = Field(None, description="Any part of the last error's text.")


class SearchConditions(JobConditions):
    """Which jobs are meant, of all that are in Redis or on record."""

    state: StateWord | None = None

    def job_search(self, tenant: str | None, limit: int) -> JobSearch:
        """What to look for, in the domain's words; the tenant is the one that may be seen."""
        return JobSearch(
            job_type=self.job_type or "",
            queue=self.queue or "",
            state=self.state,
            since=self.since,
            until=self.until,
            tag=self.tag or "",
            trace_id=self.trace_id or "",
            context_id=self.context_id or "",
            environment=self.environment or "",
            tenant=tenant or "",
            worker=self.worker or "",
            error_text=self.error or "",
            limit=limit,
        )
