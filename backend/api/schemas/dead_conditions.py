"""Which dead jobs are meant, in the words of a query and of a body alike."""

from __future__ import annotations

from pydantic import Field

from backend.api.schemas.fields import Instant, Line
from backend.api.schemas.job_conditions import JobConditions
from backend.services.dead_filter import DeadFilter


class DeadConditions(JobConditions):
    """Which dead jobs are meant; every condition given must hold."""

    error: Line | None = Field(
        None, description="Reason of the error, or any part of its class and message."
    )
    error_kind: Line | None = Field(None, description="Class of the error, exactly.")
    before: Instant | None = Field(None, description="Died before.")
    after: Instant | None = Field(None, description="Died at or after.")

    def dead_filter(self) -> DeadFilter:
        """The filter, in the services' words."""
        return DeadFilter(**self.model_dump(include=_CONDITIONS))


_CONDITIONS = set(DeadConditions.model_fields)
