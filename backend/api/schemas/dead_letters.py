"""Dead letters as they go out."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from backend.api.schemas.base import Page, PageQuery
from backend.api.schemas.fields import Instant, Line, QueueText, TypeName
from backend.api.schemas.jobs import Job
from backend.services.job_control import DeadFilter


class DeadQuery(PageQuery):
    """Which dead jobs are meant; every condition given must hold."""

    job_type: TypeName | None = None
    queue: QueueText | None = Field(None, description="The queue they came from.")
    error: Line | None = Field(
        None, description="Class or reason of the error, or any part of its message."
    )
    before: Instant | None = Field(None, description="Died before.")
    after: Instant | None = Field(None, description="Died at or after.")

    def dead_filter(self) -> DeadFilter:
        """The filter, in the services' words."""
        return DeadFilter(self.job_type, self.queue, self.error, self.before, self.after)


class DeadJob(Job):
    """A job in the dead-letter queue."""

    died_at: datetime


class DeadPage(Page):
    """Some dead jobs, the newest first."""

    items: list[DeadJob]
    total: int = Field(description="All dead jobs, whatever the filter.")
