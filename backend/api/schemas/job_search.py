"""Searching jobs: the query, and jobs as lists show them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from backend.api.schemas.base import Page, PageQuery, Resource
from backend.api.schemas.fields import StateWord
from backend.api.schemas.job_conditions import SearchConditions
from backend.api.schemas.jobs import JobLogLine


class SearchQuery(SearchConditions, PageQuery):
    """Which jobs are meant; every condition given must hold."""

    source: Literal["live", "history"] | None = Field(
        None, description="Redis alone, or the record alone; both when left out."
    )


class JobLine(Resource):
    """A job as a list shows it: without payload and result."""

    id: str
    job_type: str
    queue: str
    state: StateWord
    attempt: int
    max_attempts: int
    error: str | None = Field(None, description="Class and message of the last error.")
    created_at: datetime | None = None
    enqueued_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    run_at: datetime | None = None
    worker: str | None = None
    progress: dict[str, Any] | None = None
    tags: list[str] = Field(default_factory=list)
    tenant: str | None = None
    trace_id: str | None = None
    context_id: str | None = None
    environment: str | None = None
    version: int = 1
    is_test: bool = False
    source: Literal["live", "history"]


class JobPage(Page):
    """Some jobs, the newest first."""

    items: list[JobLine]
    sources: list[Literal["live", "history"]] = Field(
        description="What answered; one of them is missing while its store is away."
    )
    as_of: datetime | None = Field(
        None, description="Where a replica answers for the record: what it has, it has up to then."
    )


class JobEventLine(Resource):
    """One line of a job's life."""

    at: datetime
    kind: str
    state: StateWord | None = Field(description="The state after it; empty when it changed none.")
    queue: str
    attempt: int
    actor: str = Field(description="The worker, or who acted.")
    ran: float | None = Field(description="Seconds that the attempt ran.")
    due_at: datetime | None
    note: str = Field(description="The reason that was given.")


class JobAttempt(Resource):
    """One attempt that ended."""

    attempt: int
    outcome: str
    worker: str
    queue: str
    started_at: datetime
    ended_at: datetime
    waited: float | None = Field(description="Seconds from ready to started.")
    ran: float | None = Field(description="Seconds that it ran.")
    error: dict[str, Any] | None
    log: list[JobLogLine] = Field(description="What its handler logged.")


class JobStory(Resource):
    """Everything on record about a job, in order."""

    id: str
    events: list[JobEventLine]
    attempts: list[JobAttempt]
