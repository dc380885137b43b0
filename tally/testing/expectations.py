"""Reads what an expectation says, and refuses what no job could ever be."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticSerializationError, to_jsonable_python

from backend.domain.errors import InvalidOption
from backend.domain.jobs.attempts.retry_policy import RetryPolicy
from backend.domain.jobs.job_type import JobType, JobTypeCatalogue
from backend.domain.text.nearest_name import suggestion
from tally.testing.enqueued import SAID_OF_A_JOB, Wanted
from workers.job_types.finding import declared_in


def wanted_jobs(
    catalogue: JobTypeCatalogue,
    job_type: str | Callable[..., Any],
    payload: Mapping[str, Any] | None,
    said: Mapping[str, Any],
) -> Wanted:
    """The jobs that are meant.

    Raises `UnknownJobType`, and `InvalidOption` for a field that the type's payload does not have: of
    a job that cannot be, it would always be true that it was not enqueued.
    """
    kind = kind_of(catalogue, job_type)
    fields = {name: value for name, value in said.items() if name not in SAID_OF_A_JOB}
    fields |= payload or {}
    _check(kind, fields)
    fields = {name: _as_json(value, name) for name, value in fields.items()}
    options = {name: value for name, value in said.items() if name in SAID_OF_A_JOB}
    _refuse_durations(options)
    return Wanted(kind.name, fields, options, _left_out(kind), _other_names(kind))


def kind_of(catalogue: JobTypeCatalogue, job_type: str | Callable[..., Any]) -> JobType:
    """The job type of a name, or of a declared function, which need not be listed anywhere."""
    if isinstance(job_type, str):
        return catalogue.get(job_type)
    module = sys.modules.get(getattr(job_type, "__module__", ""))
    declared = declared_in(module, RetryPolicy()) if module else []
    kinds: list[JobType] = [*catalogue, *declared]
    found = next((kind for kind in kinds if kind.handler is job_type), None)
    if found is None:
        name = getattr(job_type, "__qualname__", repr(job_type))
        raise InvalidOption(
            f"{name} is no function that was declared to be a job type", field="job_type"
        )
    catalogue.add(found)
    return found


def _check(kind: JobType, fields: Mapping[str, Any]) -> None:
    if kind.payload is None or kind.payload.model_config.get("extra") == "allow":
        return
    known = _names_of(kind.payload)
    for name in sorted(fields.keys() - known):
        near = suggestion(name, sorted({*known, *SAID_OF_A_JOB}))
        raise InvalidOption(f"{kind.name} has no {name!r} in its payload{near}", field=name)


def _refuse_durations(options: Mapping[str, Any]) -> None:
    for name, value in options.items():
        if isinstance(value, timedelta):
            raise InvalidOption(
                f"{name} of a job is a number of seconds, and never a timedelta", field=name
            )


def _as_json(value: Any, name: str) -> Any:
    """As a payload would hold it: of a datetime, say, which no payload has, nothing would ever be true."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True, round_trip=True, exclude_unset=True)
    if isinstance(value, Mapping):
        return {key: _as_json(each, name) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(each, name) for each in value]
    try:
        return to_jsonable_python(value)
    except (PydanticSerializationError, UnicodeDecodeError) as error:
        raise InvalidOption(
            f"{name} of a payload is JSON, and never a {type(value).__name__}", field=name
        ) from error


def _left_out(kind: JobType) -> dict[str, Any]:
    """What the type's model fills in for fields that a payload leaves out."""
    found: dict[str, Any] = {}
    for name, field in ({} if kind.payload is None else kind.payload.model_fields).items():
        if field.is_required() or field.default_factory is not None:
            continue
        # A default that is no JSON is what no expectation can say either.
        with suppress(InvalidOption):
            found |= dict.fromkeys((name, field.alias or name), _as_json(field.default, name))
    return found


def _other_names(kind: JobType) -> dict[str, str]:
    """The alias of a field by its name, and the other way round: a payload has one of them."""
    fields = {} if kind.payload is None else kind.payload.model_fields
    pairs = [(name, field.alias) for name, field in fields.items() if field.alias]
    return dict([*pairs, *((alias, name) for name, alias in pairs)])


def _names_of(model: type[Any]) -> set[str]:
    """As they may stand in the payload: by their own names, and by their aliases where they have some."""
    fields = model.model_fields.items()
    return {known for name, field in fields for known in (name, field.alias) if known}
