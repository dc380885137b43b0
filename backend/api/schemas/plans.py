"""Previews and plans of jobs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, cast

from pydantic import Field, JsonValue, StringConstraints

from backend.api.schemas.base import Because, Request, Resource
from backend.api.schemas.fields import PriorityWord, Tag
from backend.api.schemas.jobs import EnqueueRequest
from backend.api.schemas.option_fields import said_options, with_options
from backend.domain.jobs.options.bounds import MOST_TAGS
from backend.domain.jobs.options.job_options import JobOptions
from backend.domain.jobs.plans.job_preview import JobPreview
from backend.domain.jobs.plans.twin import Twin

_Jobs = Annotated[list[EnqueueRequest], Field(min_length=1, max_length=10_000)]


class PreviewRequest(Request):
    """Jobs to look at."""

    jobs: _Jobs


@with_options("callback_url", "context_id")
class PlanRequest(Request):
    """A plan that was previewed, to be enqueued as it was shown.

    Its options are for each job that has none of its own.
    """

    plan: Annotated[str, StringConstraints(pattern=r"^plan-[0-9a-f-]{36}-[0-9a-f]{32}$")] = Field(
        description="The token of the preview; the same one again gives the same jobs."
    )
    jobs: _Jobs | None = Field(
        None, description="Those of the preview; only when its answer had no `kept`."
    )

    def labels(self) -> JobOptions:
        """For each job that has none of its own."""
        return cast("JobOptions", said_options(self))


class LimitPreview(Resource):
    """A concurrency limit that a job would have to pass."""

    gate: str
    most: int
    running: int | None
    waiting: int | None


class GateAheadLine(Resource):
    """Something that would keep a job from starting now."""

    code: str = Field(description="As `why` calls it.")
    gate: str = Field(description="Empty for what is no gate: workers.")
    text: str
    waiting: int | None = Field(description="How many wait there.")
    opens_at: datetime | None = Field(description="Empty where no clock says.")


class TwinLine(Resource):
    """The job that would be answered in the place of one that is asked for."""

    job_id: str | None = Field(description="Empty for one that comes first in the plan.")
    by: str = Field(description="`job_id`, `idempotency_key` or `unique`.")
    replaced: bool = Field(description="Whether it would get the payload.")
    place: int | None = Field(description="Of one that comes first in the plan.")
    text: str

    @classmethod
    def of(cls, twin: Twin) -> TwinLine:
        """A twin as it goes out."""
        return cls(
            job_id=twin.job_id or None,
            by=twin.by.value,
            replaced=twin.replaced,
            place=twin.place,
            text=twin.words,
        )


class JobPreviewLine(Resource):
    """What would become of one job."""

    place: int
    is_valid: bool
    error: dict[str, Any] | None = Field(description="What is wrong with it.")
    job_type: str
    version: int
    queue: str
    state: str
    run_at: datetime | None
    expires_at: datetime | None
    max_attempts: int
    retry_delays: list[float]
    timeout: float
    hard_timeout: float
    isolation: str
    payload_bytes: int
    limits: list[LimitPreview]
    is_paused: bool | None = Field(description="Empty where Redis could not be asked.")
    ahead: int | None = Field(
        description="Jobs that wait in its queue now. Empty for a key that is bound to a tenant."
    )
    gates: list[GateAheadLine] | None = Field(
        description="What would keep it from starting now. Empty where Redis could not be asked."
    )
    starts_about: datetime | None = Field(
        description="As far as gates with a time tell. Empty where a person or another job's end opens one."
    )
    twin: TwinLine | None = Field(description="Empty: it would be accepted.")

    @classmethod
    def of(cls, preview: JobPreview) -> JobPreviewLine:
        """A preview as it goes out."""
        known = {name: getattr(preview, name) for name in cls.model_fields}
        known["limits"] = [LimitPreview(**gate._asdict()) for gate in preview.limits]
        known["retry_delays"] = list(preview.retry_delays)
        known["gates"] = None
        if preview.gates is not None:
            known["gates"] = [GateAheadLine(**gate._asdict()) for gate in preview.gates]
        known["twin"] = TwinLine.of(preview.twin) if preview.twin else None
        known["error"] = dict(preview.error) if preview.error else None
        return cls(**known)


class PlanResource(Resource):
    """Every job looked at, and the token that enqueues them."""

    plan: str | None = Field(description="Empty while one of them is wrong. Good for an hour.")
    kept: bool = Field(
        description="The token alone enqueues the jobs; otherwise they are sent again with it."
    )
    valid: bool
    jobs: list[JobPreviewLine]


class ReplayRequest(Because):
    """How to run an old job again."""

    payload: dict[str, JsonValue] | None = Field(None, description="Instead of the one it had.")
    priority: PriorityWord | None = None


@with_options(
    *("tenant", "context_id", "environment", "queue", "version", "run_at", "delay"),
    *("max_retries", "timeout", "callback_url"),
)
class RehearsalRequest(Request):
    """A test run of a job type."""

    payload: dict[str, JsonValue] = Field(default_factory=dict)
    priority: PriorityWord | None = None
    tags: Annotated[list[Tag], Field(max_length=MOST_TAGS - 2)] | None = Field(
        None, description="Beside `test` and `job-run`, which it gets."
    )

    def options(self) -> JobOptions:
        """What `JobTester.test_job` takes."""
        return cast("JobOptions", said_options(self))


class RehearsalReceipt(Resource):
    """A test run that was accepted."""

    run_id: str = Field(description="The id of its job: follow it as any job.")
    event_id: str
    status: str
    message: str = Field(description="The same in words.")
    version: int = Field(description="Of the job type.")
