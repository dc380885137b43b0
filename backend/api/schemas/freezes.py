"""Maintenance windows as they come in and go out."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from backend.api.schemas.base import Because, Resource
from backend.api.schemas.fields import Instant, Line
from backend.domain.jobs.options import bounds
from backend.domain.schedules.freeze import Freeze, FreezeState, TicksInside


class FreezeRequest(Because):
    """Once, from `starts_at` to `ends_at`; or at each tick of `cron`, for `length_seconds`."""

    what: Line = Field(description="`queue:…`, `lane:…`, `type:…` or `tenant:…`.")
    starts_at: Instant | None = None
    ends_at: Instant | None = Field(None, description="It is not part of the window.")
    cron: str = Field("", max_length=200, description="Five fields or an @-name.")
    length_seconds: float = Field(0.0, ge=0, le=bounds.FREEZE_LENGTH.most)
    time_zone: str = Field("UTC", max_length=64, description="That of the cron line.")
    ramp_seconds: float = Field(
        60.0,
        ge=bounds.FREEZE_RAMP.least,
        le=bounds.FREEZE_RAMP.most,
        description="After its end what waited is spread over so long.",
    )
    ticks: TicksInside = Field(
        TicksInside.HOLD,
        description="Whether ticks of schedules inside are held until its end, or skipped.",
    )

    def freeze(self, name: str) -> Freeze:
        """What is asked for."""
        return Freeze(name, **self.model_dump(exclude={"reason"}))


class FreezeLine(Resource):
    """One maintenance window, and how it stands."""

    name: str
    what: str
    starts_at: datetime | None = Field(description="Of one that holds once.")
    ends_at: datetime | None
    cron: str
    length_seconds: float
    time_zone: str
    ramp_seconds: float
    ticks: TicksInside
    by: str = Field(description="Who said it.")
    reason: str
    since: datetime | None
    holds: bool = Field(description="Whether it holds now.")
    window_from: datetime | None = Field(description="The window that holds, or comes next.")
    window_until: datetime | None
    is_planned: bool = Field(
        description="Whether workers know its windows of the next two days; a scheduler writes them."
    )
    aside: int = Field(description="Jobs of a type or tenant that wait aside for its end.")

    @classmethod
    def of(cls, state: FreezeState) -> FreezeLine:
        """A freeze as it goes out."""
        kept, window = state.kept, state.window
        freeze = kept.freeze
        return cls(
            name=freeze.name,
            what=freeze.what,
            starts_at=freeze.starts_at,
            ends_at=freeze.ends_at,
            cron=freeze.cron,
            length_seconds=freeze.length_seconds,
            time_zone=freeze.time_zone,
            ramp_seconds=freeze.ramp_seconds,
            ticks=freeze.ticks,
            by=kept.by,
            reason=kept.reason,
            since=kept.since,
            holds=state.holds,
            window_from=window.starts_at if window else None,
            window_until=window.ends_at if window else None,
            is_planned=state.is_planned,
            aside=state.aside,
        )


class FreezesFound(Resource):
    """Every maintenance window, by name."""

    items: list[FreezeLine]


class FreezeLift(Resource):
    """The maintenance window that was lifted."""

    name: str
