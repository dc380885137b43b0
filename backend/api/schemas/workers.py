"""Worker processes as they go out."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Literal

from pydantic import Field

from backend.api.schemas.base import Because, Resource
from backend.domain.jobs.queue_state import WorkerState


class Worker(Resource):
    """A worker process."""

    name: str
    lane: str
    queues: list[str]
    host: str
    pid: int
    state: str = Field(description="idle, busy, or lost: its record has run out.")
    stopping: bool
    slots: int
    busy_slots: int
    current_job: str | None
    finished: int
    failed: int
    rss_bytes: int
    version: str
    born_at: datetime | None
    last_heartbeat: datetime | None

    @classmethod
    def of(cls, state: WorkerState) -> Worker:
        """A worker's state as it goes out."""
        known = asdict(state)
        return cls(
            **known | {"queues": list(state.queues), "current_job": state.current_job or None}
        )


class Workers(Resource):
    """Every worker process on record."""

    items: list[Worker]
    alive: int
    slots: int = Field(description="Of those that live; so is busy_slots.")
    busy_slots: int


class StopOutcome(Resource):
    """Whether a worker process was reached."""

    name: str
    outcome: Literal["asked", "not listening"]


class ClearRequest(Because):
    """Which stale records to clear: all of them."""

    dry_run: bool = Field(False, description="Only show which they are.")


class ClearOutcome(Resource):
    """Records of processes that are gone."""

    dry_run: bool
    names: list[str]
