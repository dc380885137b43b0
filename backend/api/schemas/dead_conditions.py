"""Which dead jobs are meant, in the words of a query and of a body alike."""

from __future__ import annotations

from pydantic import Field

from backend.api.schemas.base import Request
from backend.api.schemas.fields import Instant, Line, QueueText, TypeName
from backend.services.job_control import DeadFilter


class DeadConditions(Request):
    """Which dead jobs are meant; every condition given must hold."""

    job_type: TypeName | None = None
    queue: QueueText | None = Field(None, description="The queue they came from.")
    error: Line | None = Field(
        None, description="Reason of the error, or any part of its class and message."
    )
    error_kind: Line | None = Field(None, description="Class of the error, exactly.")
    before: Instant | None = Field(None, description="Died before.")
    after: Instant | None = Field(None, description="Died at or after.")
    since: Instant | None = Field(None, description="Accepted at or after.")

    def dead_filter(self) -> DeadFilter:
        """The filter, in the services' words."""
        return DeadFilter(
            job_type=self.job_type,
            queue=self.queue,
            error=self.error,
            before=self.before,
            after=self.after,
            error_kind=self.error_kind,
            since=self.since,
        )
