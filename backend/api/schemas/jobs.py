"""Jobs as they come in and go out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue

from backend.api.config.section import within
from backend.api.schemas.base import Request, Resource
from backend.api.schemas.fields import (
    ONLY_THAT_VERSION,
    WHOLE,
    Delay,
    Instant,
    JobId,
    Line,
    PriorityWord,
    QueueText,
    RetryDelay,
    StateWord,
    Tag,
    TypeName,
    TypeVersion,
    WebAddress,
)
from backend.domain import bounds


class EnqueueRequest(Request):
    """A job to be done."""

    job_type: TypeName = Field(description="What to do; `GET /api/jobs/types` lists them.")
    payload: dict[str, JsonValue] = Field(
        default_factory=dict, description="What the job type needs; checked against its schema."
    )
    priority: PriorityWord | None = Field(None, description="The job type's own when left out.")
    run_at: Instant | None = Field(None, description="Not before; in the past means now.")
    delay: Delay | None = Field(None, description="Seconds to wait; instead of run_at.")
    max_retries: Annotated[int, within(bounds.MAX_RETRIES), WHOLE] | None = None
    retry_delays: Annotated[list[RetryDelay], Field(max_length=bounds.MOST_RETRY_DELAYS)] | None = (
        Field(None, description="Seconds before each retry.")
    )
    timeout: Annotated[float, within(bounds.TIMEOUT)] | None = Field(
        None, description="Seconds an attempt may take."
    )
    tags: Annotated[list[Tag], Field(max_length=bounds.MOST_TAGS)] | None = None
    tenant: Line | None = None
    trace_id: Line | None = Field(None, description="That of the traceparent header when left out.")
    context_id: Line | None = Field(None, description="An id of the caller's own, to search by.")
    idempotency_key: Line | None = Field(
        None, description="The same key again answers with the job already there."
    )
    idempotency_window: Annotated[float, within(bounds.IDEMPOTENCY_WINDOW)] | None = Field(
        None, description="Seconds the key is remembered."
    )
    expires_at: Instant | None = Field(None, description="Withdrawn if not started by then.")
    limit_key: Line | None = Field(None, description="Jobs of one key share one limit.")
    limit: Annotated[int, within(bounds.LIMIT), WHOLE] | None = Field(
        None, description="So many jobs of limit_key at once, in the whole cluster."
    )
    result_ttl: Annotated[int, within(bounds.RESULT_TTL), WHOLE] | None = Field(
        None, description="Seconds the finished job stays in Redis."
    )
    job_id: JobId | None = Field(None, description="An id of the caller's own making.")
    is_test: bool = Field(False, description="Handlers touch nothing outside.")
    callback_url: WebAddress | None = Field(None, description="Gets the outcome as a signed POST.")
    environment: Line | None = Field(None, description="Where it belongs, to search by.")
    queue: QueueText | None = Field(
        None, description="Another than the job type's: `high:email`, or only the lane, `email`."
    )
    version: TypeVersion | None = Field(None, description=ONLY_THAT_VERSION)


class BulkRequest(Request):
    """Many jobs, all checked before the first is accepted."""

    jobs: list[EnqueueRequest] = Field(min_length=1, max_length=10_000)


class Fault(Resource):
    """Why an attempt went wrong."""

    reason: str
    error: str
    message: str
    traceback: str | None = None


class Job(Resource):
    """A job and where it stands."""

    id: str
    job_type: str
    queue: str
    state: StateWord
    attempt: int = Field(description="Attempts begun so far.")
    max_attempts: int
    failures: int
    payload: Any = Field(description="Fields that the job type calls secret are masked.")
    result: Any = None
    error: Fault | None = None
    created_at: datetime | None = None
    enqueued_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    run_at: datetime | None = None
    expires_at: datetime | None = None
    worker: str | None = None
    progress: dict[str, Any] | None = None
    cancel_asked: bool = False
    timeout: float | None = None
    tags: list[str] = Field(default_factory=list)
    tenant: str | None = None
    trace_id: str | None = None
    context_id: str | None = None
    environment: str | None = Field(None, description="Where its maker said that it belongs.")
    version: int = Field(1, description="Of the job type when the job was accepted.")
    is_test: bool = False
    callback_url: str | None = None
    source: Literal["live", "history"] = Field(
        description="Whether Redis or the record in Postgres says so."
    )


class Accepted(Resource):
    """A job that was accepted."""

    id: str
    state: StateWord | None = Field(None, description="Empty while Redis has not seen the job.")
    created: bool = Field(description="False: it, or its twin by idempotency key, was there.")
    job: Job | None = Field(None, description="Only when asked to wait.")


class BulkItem(Resource):
    """One job of many."""

    id: str
    created: bool


class BulkAccepted(Resource):
    """What became of many jobs, in the order given."""

    jobs: list[BulkItem]
    created: int


class JobResult(Resource):
    """What a job came to."""

    id: str
    state: StateWord
    result: Any = None
    error: Fault | None = None
    ended_at: datetime | None = None
