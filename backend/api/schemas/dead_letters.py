"""Dead letters as they go out."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from backend.api.schemas.base import Page, PageQuery
from backend.api.schemas.job_conditions import JobConditions
from backend.api.schemas.jobs import JobResource


class DeadQuery(JobConditions, PageQuery):
    """Which dead jobs are meant; every condition given must hold."""


class DeadJob(JobResource):
    """A job in the dead-letter queue."""

    died_at: datetime


class DeadPage(Page):
    """Some dead jobs, the newest first."""

    items: list[DeadJob]
    total: int = Field(description="All dead jobs, whatever the filter.")
