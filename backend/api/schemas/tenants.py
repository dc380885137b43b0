"""Quotas of tenants as they come in and go out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from backend.api.schemas.base import Because, Request, Resource
from backend.api.schemas.fields import WHOLE
from backend.domain.jobs.options import bounds
from backend.domain.jobs.options.quota import Quota, QuotaState
from backend.domain.jobs.options.rate import Rate


class StartsRequest(Request):
    """How many jobs of a tenant may start in a time."""

    limit: Annotated[int, Field(ge=1, le=int(bounds.RATE_LIMIT.most)), WHOLE]
    per: float = Field(ge=bounds.RATE_PER.least, le=bounds.RATE_PER.most, description="Seconds.")
    burst: Annotated[
        int | None,
        Field(ge=1, description="So many at once; null: a tenth of the limit."),
        WHOLE,
    ] = None


class QuotaRequest(Because):
    """What a tenant may use; null: as much as there is. One of the three must be said."""

    waiting: Annotated[
        int | None,
        Field(
            ge=int(bounds.QUOTA_WAITING.least),
            le=int(bounds.QUOTA_WAITING.most),
            description="Jobs that wait: queued, aside, scheduled. Beyond that new ones are refused.",
        ),
        WHOLE,
    ] = None
    running: Annotated[
        int | None,
        Field(
            ge=int(bounds.QUOTA_RUNNING.least),
            le=int(bounds.QUOTA_RUNNING.most),
            description="Jobs that run at once; others wait aside.",
        ),
        WHOLE,
    ] = None
    starts: StartsRequest | None = None

    @property
    def quota(self) -> Quota:
        """What is asked for."""
        said = self.starts
        starts = Rate(said.limit, said.per, said.burst) if said else None
        return Quota(self.waiting, self.running, starts)


class StartsLine(Resource):
    """How many jobs may start in a time."""

    limit: int
    per: float = Field(description="Seconds.")
    burst: int = Field(description="So many of them at once.")


class QuotaLine(Resource):
    """What one tenant may use, and how it stands."""

    tenant: str
    waiting: int | None = Field(description="Jobs that may wait; null: as many as come.")
    running: int | None = Field(description="Jobs that may run at once; null: as many as can.")
    starts: StartsLine | None
    waiting_now: int = Field(description="Jobs that wait.")
    running_now: int = Field(description="Jobs that run.")
    aside: int = Field(description="Of those that wait: how many wait aside to run, or to start.")
    opens_at: datetime | None = Field(description="When the next may start; null: at once.")
    is_counted: bool = Field(description="Whether the jobs from before the quota are all counted.")
    by: str = Field(description="Who said it.")
    reason: str
    since: datetime | None

    @classmethod
    def of(cls, state: QuotaState) -> QuotaLine:
        """A quota as it goes out."""
        quota, starts = state.quota, state.quota.starts
        return cls(
            tenant=state.tenant,
            waiting=quota.waiting,
            running=quota.running,
            starts=StartsLine(limit=starts.limit, per=starts.per, burst=starts.at_once)
            if starts
            else None,
            waiting_now=state.waiting,
            running_now=state.running,
            aside=state.aside,
            opens_at=state.opens_at,
            is_counted=state.is_counted,
            by=state.by,
            reason=state.reason,
            since=state.since,
        )


class TenantsFound(Resource):
    """The tenants with quotas, by name."""

    items: list[QuotaLine]


class QuotaCleared(Resource):
    """Whether a quota was taken away."""

    tenant: str
    changed: bool = Field(description="False: the tenant had none.")
