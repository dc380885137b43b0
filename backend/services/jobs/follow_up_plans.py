"""What is fixed of a job's follow-ups when the job is accepted: all but how it ended."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel

from backend.domain.errors import InvalidOption, InvalidPayload, PayloadTooLarge
from backend.domain.jobs.job import NewJob
from backend.domain.jobs.job_type import JobType, JobTypeCatalogue
from backend.domain.jobs.options.breaker import DESTINATION
from backend.domain.jobs.options.follow_ups import (
    FOLLOW,
    LEAST_RESULT_TTL,
    MOST_IN_A_ROW,
    ON_FAILURE,
    ON_SUCCESS,
    follow_up_id,
    options_text,
    words_to_come,
)
from backend.domain.jobs.options.job_options import FollowUpRequest, JobOptions, OwnOptions
from backend.domain.jobs.options.keyed_name import HOLD, RATE_SHARE
from backend.services.jobs.payload_models import payload_in

#: What a follow-up shares with the job whose end it tells.
_SHARED = (
    *("trace_id", "traceparent", "tracestate"),
    *("tenant", "context_id", "environment", "is_test"),
)


class SaidOfJob(NamedTuple):
    """What is said of one job, checked. ``row`` are the types of those that it follows, in order."""

    given: JobOptions
    own: OwnOptions
    row: tuple[str, ...] = ()


class PlannedJob(NamedTuple):
    """A follow-up as it is asked for: what it is given of its caller's, or else what is told."""

    job_type: str
    payload: Mapping[str, Any] | BaseModel
    has_own_payload: bool
    said: SaidOfJob


#: Checks what is asked for, and makes it a job.
Made = Callable[[PlannedJob], NewJob]


def with_follow_ups(
    job: NewJob, kind: JobType, said: SaidOfJob, made: Made, *, max_bytes: int
) -> NewJob:
    """The job with those that the call names, or else its type.

    It stays in Redis for a while once it has ended, for they ask there what came of it. Raises
    `InvalidRequest`, also when its payload and theirs have more than ``max_bytes`` together.
    """
    asked = _asked_for(kind, said.given)
    if not asked:
        return job
    row = (*said.row, kind.name)
    plans = {when: _plan(job, when, one, said._replace(row=row), made) for when, one in asked}
    _check_size(job, plans, max_bytes)
    result_ttl = max(job.result_ttl, LEAST_RESULT_TTL)
    kept = {"result_ttl": result_ttl} if "result_ttl" in job.options else {}
    return job._replace(options={**job.options, **kept, FOLLOW: plans}, result_ttl=result_ttl)


def types_that_follow(given: Mapping[str, Any]) -> list[str]:
    """The job types that options of a call name; who may not have one run must not name it here."""
    asked = (given.get(when) for when in (ON_SUCCESS, ON_FAILURE))
    names = (one.get("job_type") if isinstance(one, Mapping) else one for one in asked)
    return [name for name in names if isinstance(name, str)]


def with_plain_payloads(given: Mapping[str, Any], catalogue: JobTypeCatalogue) -> Mapping[str, Any]:
    """Options of a call as JSON has them: models that it gives to what follows are written out."""
    asked = {when: given[when] for when in (ON_SUCCESS, ON_FAILURE) if when in given}
    written = {
        when: {**one, "payload": payload_in(catalogue.get(one["job_type"]), one["payload"])}
        for when, one in asked.items()
        if isinstance(one, Mapping) and isinstance(one.get("payload"), BaseModel)
    }
    return {**given, **written} if written else given


def _asked_for(kind: JobType, given: JobOptions) -> list[tuple[str, FollowUpRequest]]:
    said: tuple[tuple[str, Any], ...] = (
        (ON_SUCCESS, given.get(ON_SUCCESS) or kind.on_success),
        (ON_FAILURE, given.get(ON_FAILURE) or kind.on_failure),
    )
    return [(when, {"job_type": one} if isinstance(one, str) else one) for when, one in said if one]


def _plan(
    job: NewJob, when: str, asked: FollowUpRequest, said: SaidOfJob, made: Made
) -> dict[str, Any]:
    name, payload = asked["job_type"], asked.get("payload")
    _check_row(when, said.row, name)
    told = _told(job, when) if payload is None else payload
    planned = PlannedJob(name, told, payload is not None, _said_of(job, when, said))
    try:
        return _plan_of(made(planned), is_told=payload is None)
    except InvalidPayload as error:
        if payload is not None:
            raise _of_option(error, when) from error
        raise InvalidOption(
            f"{name!r} cannot follow: it is given job_id, job_type, state and attempt of the job "
            f"that ended, and {error}; give it a payload of its own",
            field=when,
        ) from error


def _of_option(error: InvalidPayload, when: str) -> InvalidPayload:
    """The same of the payload of what follows, not of the job's own."""
    details = {"option": when, **error.details}
    if "field" in details:
        details["field"] = f"{when}.{details['field']}"
    return InvalidPayload(f"{when}: {error}", **details)


def _check_size(job: NewJob, plans: Mapping[str, Mapping[str, Any]], max_bytes: int) -> None:
    """What one job may weigh holds for all that travels with it."""
    own = [len(plan["payload"].encode()) for plan in plans.values() if "payload" in plan]
    size = len(job.payload.encode()) + sum(own) if own else 0
    if size > max_bytes:
        raise PayloadTooLarge(
            f"the payload and those of what follows have {size} bytes together, {max_bytes} are "
            "allowed; put the data in a file or table and send its name",
            limit=max_bytes,
        )


def _check_row(when: str, row: Sequence[str], name: str) -> None:
    # The first one a caller may have named, of whatever type; those behind it are declared.
    comes_round = name in row[1:]
    if not comes_round and len(row) <= MOST_IN_A_ROW:
        return
    words = " then ".join([*row, name])
    what = "they would never end" if comes_round else f"{MOST_IN_A_ROW} in a row are the most"
    raise InvalidOption(f"these jobs follow one another: {words}; {what}", field=when)


def _told(job: NewJob, when: str) -> dict[str, Any]:
    """A payload as the follow-up may get it."""
    state = "finished" if when == ON_SUCCESS else "failed"
    return {"job_id": job.id, "job_type": job.job_type, "state": state, "attempt": 1}


def _said_of(job: NewJob, when: str, said: SaidOfJob) -> SaidOfJob:
    """Of a follow-up: it may see and touch no more than the job may."""
    shared = {name: value for name, value in said.given.items() if name in _SHARED}
    options: Any = {**shared, "job_id": follow_up_id(job.id, when)}
    bound: OwnOptions = {"is_confined": True} if said.own.get("is_confined") else {}
    return SaidOfJob(options, bound, said.row)


def _plan_of(follow_up: NewJob, *, is_told: bool) -> dict[str, Any]:
    """How the step that ends the job makes its follow-up; it adds whom it follows, and how that ended."""
    plan: dict[str, Any] = {
        "id": follow_up.id,
        "job_type": follow_up.job_type,
        "queue": str(follow_up.queue),
        "max_attempts": follow_up.max_attempts,
        "timeout": math.ceil(follow_up.timeout),
        "result_ttl": follow_up.result_ttl,
        "options": options_text(follow_up.options),
    }
    if not is_told:
        plan["payload"] = follow_up.payload
    if to_come := words_to_come(follow_up.options):
        plan[FOLLOW] = to_come
    if destination := follow_up.options.get(DESTINATION):
        plan[DESTINATION] = destination
    if share := follow_up.options.get(RATE_SHARE):
        plan["rate"] = share
    if HOLD in follow_up.options:
        plan["hold"] = "1"
    if follow_up.limit_key:
        plan |= {"limit_key": follow_up.limit_key, "limit": follow_up.limit}
    return plan
