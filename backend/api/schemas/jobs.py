"""Jobs as they come in and go out."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, cast

from pydantic import Field, JsonValue

from backend.api.schemas.base import Request, Resource
from backend.api.schemas.fields import PriorityWord, StateWord, TypeName
from backend.api.schemas.option_fields import said_options, with_options
from backend.domain.jobs.job import EnqueueReply
from backend.domain.jobs.options.job_options import OPTIONS
from backend.services.jobs.job_options import JobRequest


@with_options(*OPTIONS)
class EnqueueRequest(Request):
    """A job to be done."""

    job_type: TypeName = Field(description="What to do; `GET /api/jobs/types` lists them.")
    payload: dict[str, JsonValue] = Field(
        default_factory=dict, description="What the job type needs; checked against its schema."
    )
    priority: PriorityWord | None = Field(None, description="The job type's own when left out.")

    def job_request(self) -> JobRequest:
        """What `QueueService.enqueue_many` takes."""
        said = cast("JobRequest", said_options(self))
        return {
            **said,
            "job_type": self.job_type,
            "payload": self.payload,
            "priority": self.priority,
        }


class BulkRequest(Request):
    """Many jobs, all checked before the first is accepted."""

    jobs: list[EnqueueRequest] = Field(min_length=1, max_length=10_000)


class Fault(Resource):
    """Why an attempt went wrong."""

    reason: str
    error: str
    message: str
    traceback: str | None = None


class JobLogLine(Resource):
    """One line that a handler logged."""

    at: datetime
    level: str
    text: str


class FollowUpResource(Resource):
    """A job that is enqueued when another one ends."""

    when: Literal["on_success", "on_failure"]
    job_type: str
    id: str = Field(description="Its id, once it is there.")
    payload: Any = Field(
        None, description="What it is given; empty: it is told which job ended. Secrets are masked."
    )


class FollowedResource(Resource):
    """The job whose end called a follow-up."""

    job_id: str
    job_type: str
    state: StateWord
    attempt: int = Field(description="How many of its attempts were begun.")


class JobResource(Resource):
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
    log: list[JobLogLine] = Field(
        default_factory=list,
        description="The last lines that its running attempt has logged; its story has those that ended.",
    )
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
    parent_id: str | None = Field(
        None, description="The job that enqueued it, or whose end it tells."
    )
    follow_ups: list[FollowUpResource] = Field(
        default_factory=list,
        description="What is enqueued when it ends; its `parent_id` is this job.",
    )
    replay_of: str | None = Field(None, description="The job that it repeats.")
    follows: FollowedResource | None = Field(
        None, description="The job that it follows, and how that ended."
    )
    event_id: str | None = Field(None, description="The event that it follows from.")
    schedule: str | None = Field(None, description="The schedule whose tick it is.")
    limit_key: str | None = None
    limit: int | None = Field(None, description="So many jobs of limit_key at once.")
    unique: str | None = Field(
        None,
        description="How long it keeps others out that are the same: `started`, `ended`, seconds.",
    )
    unique_key: str | None = Field(
        None, description="The key that jobs share which are the same: type, tenant and a digest."
    )
    unique_holder: str | None = Field(
        None, description="The job that holds the key now; only where one job is asked for."
    )
    destination: str | None = Field(
        None, description="Where it is bound for, if a breaker watches that."
    )
    fair_by: str | None = Field(
        None, description="By which option its queue is fair; only where one job is asked for."
    )
    fair_key: str | None = Field(None, description="In whose line it stands there.")
    source: Literal["live", "history"] = Field(
        description="Whether Redis or the record in Postgres says so."
    )


DurabilityWord = Literal["local", "replicated", "synced", "recorded"]
_DURABILITY: Any = Field(
    description="What the job outlives from now on: `local`, a crash of Redis; `replicated`, the loss "
    "of the primary; `synced`, a power cut; `recorded`, the loss of all of Redis."
)


class Accepted(Resource):
    """A job that was accepted."""

    id: str
    state: StateWord | None = Field(None, description="Empty while Redis has not seen the job.")
    created: bool = Field(
        description="False: it, its twin by idempotency key, or one that is the same was there."
    )
    replaced: bool = Field(False, description="The one that was there got the payload of this one.")
    durability: DurabilityWord = _DURABILITY
    answered: str | None = Field(
        None,
        description="Of a replay: why it was answered with a job that was there; null: it is new.",
    )
    job: JobResource | None = Field(None, description="Only when asked to wait.")


class BulkItem(Resource):
    """One job of many."""

    id: str
    created: bool
    replaced: bool = False
    durability: DurabilityWord = _DURABILITY

    @classmethod
    def of(cls, reply: EnqueueReply) -> BulkItem:
        """What became of one."""
        level = reply.durability.value
        return cls(id=reply.id, created=reply.created, replaced=reply.replaced, durability=level)


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
