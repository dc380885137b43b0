"""Reads what an expectation says, and refuses what no job could ever be."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

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
    options = {name: value for name, value in said.items() if name in SAID_OF_A_JOB}
    return Wanted(kind.name, fields, options)


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


def _names_of(model: type[Any]) -> set[str]:
    """As they may stand in the payload: by their own names, and by their aliases where they have some."""
    fields = model.model_fields.items()
    return {known for name, field in fields for known in (name, field.alias) if known}
