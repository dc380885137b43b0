"""Domain events."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, JsonValue

from backend.api.schemas.base import Request, Resource
from backend.api.schemas.fields import JobId, Line


class EventRequest(Request):
    """Something that happened."""

    name: Annotated[Line, Field(max_length=200)]
    payload: dict[str, JsonValue] = Field(default_factory=dict)
    event_id: JobId | None = Field(None, description="The same id again does nothing.")
    source: Line | None = Field(None, description="Who says so.")
    tenant: Line | None = None
    trace_id: Line | None = None
    context_id: Line | None = None
    is_test: bool = False


class EmittedResource(Resource):
    """An event that is on record."""

    event_id: str
    job_ids: list[str] = Field(description="One for each subscription.")
    is_new: bool = Field(description="False: it was emitted before, and nothing was done.")


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
