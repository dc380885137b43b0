"""What can be done: the job types, and what people do to all jobs of one."""

from __future__ import annotations

from backend.api.http.api_errors import PathNotFound
from backend.api.http.operation import Router
from backend.api.request.request_context import Call
from backend.api.schemas.base import Because
from backend.api.schemas.fields import TypeName
from backend.api.schemas.job_types import JobTypeResource, JobTypes
from backend.api.schemas.queues import (
    KeyLimit,
    KeyLimitRequest,
    KeyLimits,
    KeyRate,
    KeyRateRequest,
    KeyRates,
    LimitOutcome,
    LimitRequest,
    PauseOutcome,
    RateOutcome,
    RateRequest,
)
from backend.domain.errors import UnknownJobType
from backend.domain.jobs.options.rate import RateWord

router = Router("types", "Job types")


@router.get("/api/jobs/types", etag=True, headers=("If-None-Match",))
def list_types(call: Call) -> JobTypes:
    """Every job type with the schema of its payload, its lane, limits and retries."""
    return JobTypes(items=[JobTypeResource.of(kind) for kind in call.parts.catalogue])


@router.get("/api/jobs/types/{job_type}", etag=True, headers=("If-None-Match",))
def get_type(call: Call, job_type: TypeName) -> JobTypeResource:
    """One job type."""
    try:
        return JobTypeResource.of(call.parts.catalogue.get(job_type))
    except UnknownJobType as error:
        raise PathNotFound(str(error)) from error


@router.post("/api/jobs/types/{job_type}/pause", optional_body=True)
def pause(call: Call, job_type: TypeName, body: Because) -> PauseOutcome:
    """Pauses a job type: its jobs wait aside and hold nobody up."""
    changed = call.actions.types.pause(call.actor, job_type, reason=body.reason)
    return PauseOutcome(what=f"type:{job_type}", paused=True, changed=changed)


@router.post("/api/jobs/types/{job_type}/resume", optional_body=True)
def resume(call: Call, job_type: TypeName, body: Because) -> PauseOutcome:
    """Resumes a job type."""
    changed = call.actions.types.resume(call.actor, job_type, reason=body.reason)
    return PauseOutcome(what=f"type:{job_type}", paused=False, changed=changed)


@router.post("/api/jobs/types/{job_type}/limit")
def limit(call: Call, job_type: TypeName, body: LimitRequest) -> LimitOutcome:
    """Sets how many jobs of a type may run at once in the whole cluster."""
    set_to = call.actions.types.limit(call.actor, job_type, body.limit, reason=body.reason)
    return LimitOutcome(job_type=job_type, limit=set_to)


@router.get("/api/limits")
def list_key_limits(call: Call) -> KeyLimits:
    """The keys of which somebody said how many of their jobs may run at once."""
    found = sorted(call.parts.overview.key_limits().items())
    return KeyLimits(items=[KeyLimit(key=key, limit=most) for key, most in found])


@router.post("/api/limits")
def limit_key(call: Call, body: KeyLimitRequest) -> KeyLimit:
    """Sets how many jobs of a key may run at once, for those that wait too."""
    set_to = call.actions.types.limit_key(call.actor, body.key, body.limit, reason=body.reason)
    return KeyLimit(key=body.key, limit=set_to)


@router.get("/api/rates")
def list_key_rates(call: Call) -> KeyRates:
    """The keys of which somebody said how many of their jobs may start in a time."""
    found = sorted(call.parts.overview.key_rates().items())
    return KeyRates(items=[KeyRate.of(key, rate or RateWord.NONE) for key, rate in found])


@router.post("/api/rates")
def rate_key(call: Call, body: KeyRateRequest) -> KeyRate:
    """Sets how many jobs of a key may start in a time, for those that wait too."""
    set_to = call.actions.types.rate_key(call.actor, body.key, body.said, reason=body.reason)
    return KeyRate.of(body.key, set_to)


@router.post("/api/jobs/types/{job_type}/rate")
def rate(call: Call, job_type: TypeName, body: RateRequest) -> RateOutcome:
    """Sets how many jobs of a type may start in a time in the whole cluster."""
    set_to = call.actions.types.rate(call.actor, job_type, body.said, reason=body.reason)
    return RateOutcome.of(job_type, set_to)
