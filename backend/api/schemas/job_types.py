"""Job types as they go out."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from backend.api.schemas.base import Resource
from backend.api.schemas.fields import PriorityWord, RoleWord
from backend.domain.jobs.job_type import JobType
from backend.services.finding.declared_gates import declared_gates


class JobTypeResource(Resource):
    """One thing that can be done."""

    name: str
    description: str
    lane: str
    priority: PriorityWord
    isolation: str = Field(description="thread, or process of its own.")
    version: int
    timeout: float = Field(description="Seconds an attempt may take.")
    max_attempts: int
    retry_delays: list[float] = Field(description="Seconds before each retry.")
    limit: int | None = Field(description="So many at once in the whole cluster.")
    rate: str = Field(
        description="So many starts in a time, as `limit/seconds/burst`; empty for none."
    )
    gates: list[str] = Field(
        description="In words, what else may hold its jobs back or make two of them one, as it declares."
    )
    role: RoleWord = Field(description="The least role of who may have it run.")
    tenants: bool = Field(description="Whether callers who are bound to a tenant may have it run.")
    secret_fields: list[str] = Field(description="Fields of the payload that are masked.")
    payload_schema: dict[str, Any] | None = Field(
        description="JSON Schema of the payload; empty: any object."
    )

    @classmethod
    def of(cls, kind: JobType) -> JobTypeResource:
        """A job type as it goes out."""
        return cls(
            name=kind.name,
            description=kind.description,
            lane=kind.lane,
            priority=kind.priority,
            isolation=kind.isolation,
            version=kind.version,
            timeout=kind.timeout,
            max_attempts=kind.retry.max_attempts,
            retry_delays=list(kind.retry.delays),
            limit=kind.limit,
            rate=kind.rate.text if kind.rate else "",
            gates=declared_gates(kind),
            role=kind.role,
            tenants=kind.tenants,
            secret_fields=sorted(kind.secret_fields),
            payload_schema=kind.payload_schema,
        )


class JobTypes(Resource):
    """Every job type, by name."""

    items: list[JobTypeResource]
