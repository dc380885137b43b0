"""Breakers of destinations, as they come in and go out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from backend.api.schemas.base import Because, Resource
from backend.domain.jobs.options.breaker_state import BreakerState, BreakerStatus


class BreakerRequest(Because):
    """Whose breaker, and why."""

    destination: Annotated[
        str, StringConstraints(min_length=1, max_length=256, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")
    ] = Field(description="As jobs name it: `webhook:hooks.example.com:443`.")


class BreakerResource(Resource):
    """The breaker of one destination."""

    destination: str
    status: BreakerStatus
    since: datetime | None = Field(description="Since when it is not closed.")
    probe_at: datetime | None = Field(
        description="When the next job tries; null: no time is set, or it is open until somebody closes it."
    )
    waiting: int = Field(description="Jobs that wait behind it.")
    probing: int = Field(description="Jobs that try now.")
    trips: int = Field(description="How often in a row it opened.")
    error: str = Field(description="What went wrong last.")
    by: str = Field(description="Who opened it by hand.")
    reason: str

    @classmethod
    def of(cls, found: BreakerState) -> BreakerResource:
        """One as it goes out."""
        return cls.model_validate(found._asdict())


class OpenBreakers(Resource):
    """Those that are not closed."""

    items: list[BreakerResource]
    total: int = Field(description="How many there are; the list has the first 500.")


class BreakerOutcome(Resource):
    """What became of it."""

    destination: str
    open: bool = Field(description="Whether its jobs are held back until somebody closes it.")
    changed: bool = Field(description="False: it was so before.")
