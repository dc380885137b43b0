"""What is fixed of a job's follow-ups when the job is accepted: all but how it ended."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from backend.domain.errors import InvalidOption, InvalidPayload
from backend.domain.jobs.job import NewJob
from backend.domain.jobs.job_type import JobType
from backend.domain.jobs.options.follow_ups import (
    FOLLOW,
    LEAST_RESULT_TTL,
    MOST_IN_A_ROW,
    ON_FAILURE,
    ON_SUCCESS,
    follow_up_id,
    words_to_come,
)
from backend.domain.jobs.options.job_options import JobOptions, OwnOptions

_to_json = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
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


def with_follow_ups(
    job: NewJob,
    kind: JobType,
    said: SaidOfJob,
    made: Callable[[str, Mapping[str, Any], SaidOfJob], NewJob],
) -> NewJob:
    """The job with those that the call names, or else its type; ``made`` checks and makes one.

    It stays in Redis for a while once it has ended, for they ask there what came of it. Raises
    `InvalidRequest`.
    """
    asked = _asked_for(kind, said.given)
    if not asked:
        return job
    row = (*said.row, kind.name)
    plans = {when: _plan(job, when, name, said._replace(row=row), made) for when, name in asked}
    result_ttl = max(job.result_ttl, LEAST_RESULT_TTL)
    kept = {"result_ttl": result_ttl} if "result_ttl" in job.options else {}
    return job._replace(options={**job.options, **kept, FOLLOW: plans}, result_ttl=result_ttl)


def _asked_for(kind: JobType, given: JobOptions) -> list[tuple[str, str]]:
    said: tuple[tuple[str, Any], ...] = (
        (ON_SUCCESS, given.get(ON_SUCCESS) or kind.on_success),
        (ON_FAILURE, given.get(ON_FAILURE) or kind.on_failure),
    )
    return [(when, name) for when, name in said if name]


def _plan(
    job: NewJob,
    when: str,
    name: str,
    said: SaidOfJob,
    made: Callable[[str, Mapping[str, Any], SaidOfJob], NewJob],
) -> dict[str, Any]:
    _check_row(when, said.row, name)
    try:
        return _plan_of(job, made(name, _told(job, when), _said_of(job, when, said)))
    except InvalidPayload as error:
        raise InvalidOption(
            f"{name!r} cannot follow: it is given job_id, job_type, state and attempt of the job "
            f"that ended, and {error}",
            field=when,
        ) from error


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
    return {**_fixed(job), "state": state, "attempt": 1}


def _fixed(job: NewJob) -> dict[str, Any]:
    return {"job_id": job.id, "job_type": job.job_type}


def _said_of(job: NewJob, when: str, said: SaidOfJob) -> SaidOfJob:
    """Of a follow-up: it may see and touch no more than the job may."""
    shared = {name: value for name, value in said.given.items() if name in _SHARED}
    options: Any = {**shared, "job_id": follow_up_id(job.id, when)}
    bound: OwnOptions = {"is_confined": True} if said.own.get("is_confined") else {}
    return SaidOfJob(options, {"parent_id": job.id, **bound}, said.row)


def _plan_of(job: NewJob, follow_up: NewJob) -> dict[str, Any]:
    """How the step that ends ``job`` makes its follow-up: it adds state and attempt to the payload."""
    plan = {
        "id": follow_up.id,
        "job_type": follow_up.job_type,
        "queue": str(follow_up.queue),
        "max_attempts": follow_up.max_attempts,
        "timeout": math.ceil(follow_up.timeout),
        "result_ttl": follow_up.result_ttl,
        "payload": _to_json(_fixed(job))[:-1],
        "options": _to_json(follow_up.options),
    }
    to_come = words_to_come(follow_up.options)
    return {**plan, FOLLOW: to_come} if to_come else plan
