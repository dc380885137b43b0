"""Numbers as they go out. Durations are seconds."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field

from backend.api.schemas.base import Request, Resource
from backend.api.schemas.fields import NUMBER, Instant, QueueText, TypeName
from backend.api.schemas.queues import PauseLine, Queue
from backend.domain.history.history_statistics import (
    AttemptCounts,
    DurationSummary,
    FailureGroup,
    HourStatistics,
    QueueStatistics,
    TypeStatistics,
)


class Durations(Resource):
    """How long something took."""

    count: int
    mean: float
    p50: float
    p95: float
    p99: float

    @classmethod
    def of(cls, summary: DurationSummary | None) -> Durations | None:
        """A summary as it goes out."""
        return None if summary is None else cls(**summary._asdict())


class Attempts(Resource):
    """How attempts ended."""

    ended: int
    finished: int
    failed: int
    retried: int
    crashed: int
    failure_share: float = Field(description="Share of those that ended wrongly.")

    @classmethod
    def of(cls, counts: AttemptCounts) -> Attempts:
        """Counts as they go out."""
        share = counts.wrong / counts.ended if counts.ended else 0.0
        return cls(**counts._asdict(), failure_share=round(share, 4))


class Measured(Resource):
    """What ended, how long it waited and how long it ran."""

    attempts: Attempts
    wait: Durations | None
    run: Durations | None

    @classmethod
    def of(cls, each: HourStatistics | TypeStatistics | QueueStatistics) -> Self:
        """Statistics as they go out."""
        measured = {
            "attempts": Attempts.of(each.attempts),
            "wait": Durations.of(each.wait),
            "run": Durations.of(each.run),
        }
        return cls(**each._asdict() | measured)


class HourLine(Measured):
    """What ended in one hour."""

    hour: datetime


class TypeLine(Measured):
    """What ended of one job type."""

    job_type: str


class QueueLine(Measured):
    """What ended of one queue."""

    queue: str


class FailureLine(Resource):
    """Attempts of one job type that went wrong in the same way."""

    error_kind: str
    job_type: str
    attempts: int
    failed: int = Field(description="How many of them were given up.")
    last_at: datetime
    job_id: str = Field(description="The newest example.")
    message: str

    @classmethod
    def of(cls, group: FailureGroup) -> FailureLine:
        """A group as it goes out."""
        return cls(**group._asdict())


class WorkerSummary(Resource):
    """Worker processes, counted."""

    alive: int
    lost: int
    slots: int
    busy_slots: int


class SignLine(Resource):
    """One thing that a person should look at."""

    code: str
    severity: str
    text: str
    subject: str


class RecordLag(Resource):
    """How far the record in Postgres is behind Redis."""

    events: int
    seconds: float


class MetricsOverview(Resource):
    """How the platform is doing."""

    at: datetime
    depth: int = Field(description="Jobs waiting for a worker, over all queues.")
    oldest_wait_seconds: float | None
    scheduled: int
    started: int
    dead: int = Field(description="Jobs in the dead-letter queue.")
    queues: list[Queue]
    paused: list[str]
    pauses: list[PauseLine]
    workers: WorkerSummary
    attempts: Attempts | None = Field(
        description="Of the hours that the last 60 minutes touch; empty while Postgres is away."
    )
    types: list[TypeLine]
    lag: RecordLag | None
    difference: int = Field(description="What the books are out by; 0 when they balance.")
    signs: list[SignLine]


class HistoryQuery(Request):
    """Which stretch of time; the last 24 hours when left out. Of a job type or of a queue, not of both."""

    since: Instant | None = None
    until: Instant | None = None
    job_type: TypeName | None = None
    queue: QueueText | None = None
    failures: Annotated[int, Field(ge=1, le=500), NUMBER] = Field(
        50, description="Most groups of failures."
    )


class DepthQuery(Request):
    """Which stretch of time, the last 24 hours when left out, and of which queue; of all without one."""

    since: Instant | None = None
    until: Instant | None = None
    queue: QueueText | None = None
    step_seconds: Annotated[int, Field(ge=60, le=86_400), NUMBER] = Field(
        300, description="One point for so long; samples are taken each minute."
    )


class DepthPoint(Resource):
    """The worst minute of a stretch."""

    at: datetime = Field(description="Where the stretch begins.")
    waiting: int = Field(description="Jobs that waited.")
    oldest_wait_seconds: float


class DepthHistory(Resource):
    """What waited over time, the oldest first; a stretch that nobody sampled is left out."""

    points: list[DepthPoint]


class MetricsHistory(Resource):
    """Numbers over time, by the whole hours that the stretch touches."""

    hours: list[HourLine]
    types: list[TypeLine] = Field(description="Empty where a queue was asked for.")
    queues: list[QueueLine] = Field(description="Empty where a job type was asked for.")
    failures: list[FailureLine]
