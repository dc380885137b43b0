"""Domain events."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, JsonValue

from backend.api.schemas.base import Request, Resource
from backend.api.schemas.fields import NUMBER, JobId, Line, StateWord
from backend.api.schemas.option_fields import with_options


@with_options("tenant", "trace_id", "context_id", "is_test")
class EventRequest(Request):
    """Something that happened."""

    name: Annotated[Line, Field(max_length=200)]
    payload: dict[str, JsonValue] = Field(default_factory=dict)
    event_id: JobId | None = Field(None, description="The same id again does nothing.")
    source: Line | None = Field(None, description="Who says so.")


class EmittedResource(Resource):
    """An event that is on record."""

    event_id: str
    job_ids: list[str] = Field(description="One for each subscription.")
    is_new: bool = Field(description="False: it was emitted before, and nothing was done.")


class EventOutcomeLine(Resource):
    """What became of the job that one subscription got of an event, as far as it is on record."""

    subscription: str
    job_id: str
    state: StateWord | None = Field(description="Empty until the job itself is on record.")
    result: Any = Field(description="Once it finished; secret fields are masked.")
    error: str | None = Field(description="Class and message of the last error.")
    ended_at: datetime | None


class EventResource(Resource):
    """An event and the jobs that it led to."""

    id: str
    name: str
    payload: Any
    source: str | None
    tenant: str | None
    trace_id: str | None
    context_id: str | None
    is_test: bool
    created_at: datetime | None
    jobs: dict[str, str] = Field(description="Job ids by subscription.")
    outcomes: list[EventOutcomeLine] = Field(description="What its jobs came to.")


class ContextQuery(Request):
    """Whose events are meant."""

    context_id: Line = Field(description="The id of the caller's own that they were emitted with.")
    limit: Annotated[int, Field(ge=1, le=500), NUMBER] = Field(50, description="Most events.")


class EventList(Resource):
    """The events of a context, the newest first."""

    items: list[EventResource]
