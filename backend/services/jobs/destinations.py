"""Where a job is bound for, as the breaker of its type tells it. It travels with the job."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel

from backend.domain.errors import InvalidOption, InvalidPayload
from backend.domain.jobs.job import NewJob
from backend.domain.jobs.job_type import JobType
from backend.domain.jobs.options.breaker import DESTINATION, Breaker
from backend.services.jobs.payload_problems import fitted
from backend.services.jobs.shares.filled_in import fields_with


def with_destination(
    job: NewJob, kind: JobType, payload: Mapping[str, Any] | BaseModel | None
) -> NewJob:
    """The job, which says where it is bound for; raises `InvalidOption` where its function fails."""
    destination = destination_of(kind, {} if payload is None else payload)
    if not destination:
        return job
    return job._replace(options={**job.options, DESTINATION: destination})


def destination_of(kind: JobType, payload: Mapping[str, Any] | BaseModel) -> str:
    """What the breaker of a job type watches for this payload; empty for nothing."""
    breaker = kind.breaker
    if breaker is None:
        return ""
    return breaker.destination(kind.name, _key_of(breaker, kind, payload))


def _key_of(breaker: Breaker, kind: JobType, payload: Mapping[str, Any] | BaseModel) -> str | None:
    if callable(breaker.by):
        return told(breaker.by, kind, payload, ("breaker", "destination"))
    if not breaker.by:
        return None
    return breaker.key_in(fields_with(breaker.by, kind, payload))


def told_by(tell: Callable[[Any], Any], kind: JobType, payload: Any, words: tuple[str, str]) -> Any:
    """What the author's own function tells; what it raises is said to whoever enqueues, not swallowed."""
    try:
        is_raw = kind.payload is not None and not isinstance(payload, BaseModel)
        return tell(fitted(kind, kind.payload, payload) if is_raw and kind.payload else payload)
    except InvalidPayload:
        raise
    except (
        Exception,
        SystemExit,
    ) as error:  # it is one caller's payload, and no end of a web server
        raise InvalidOption(
            f"the {words[0]} of the job type {kind.name!r} cannot tell the {words[1]}: "
            f"{type(error).__name__}: {error}",
            field="payload",
        ) from error


def told(
    tell: Callable[[Any], str | None], kind: JobType, payload: Any, words: tuple[str, str]
) -> str | None:
    """A key, of the author's own function."""
    key = told_by(tell, kind, payload, words)
    if key is not None and not isinstance(key, str):
        raise InvalidOption(
            f"the {words[0]} of the job type {kind.name!r} tells a {words[1]} as text or None, not "
            f"{type(key).__name__}",
            field="payload",
        )
    told_key: str | None = key
    return told_key
