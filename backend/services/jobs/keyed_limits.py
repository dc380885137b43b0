"""Which jobs share the slots of a key, as the keyed limit of their type tells. It travels with the job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from backend.domain.errors import InvalidOption
from backend.domain.jobs.job import NewJob
from backend.domain.jobs.job_id import placed
from backend.domain.jobs.job_type import JobType
from backend.domain.jobs.options.keyed_limit import Limit
from backend.domain.jobs.options.keyed_name import HOLD
from backend.services.jobs.destinations import told
from backend.services.jobs.shares.payload_fields import fields_with


def with_limit_key(
    job: NewJob, kind: JobType, payload: Mapping[str, Any] | BaseModel, *, own_id: bool
) -> NewJob:
    """The job with the key whose slots it shares.

    Raises `InvalidOption` for a payload that tells none, unless that is allowed, and for a key of the
    caller's own. A job without an id of its caller's is placed where its key is.
    """
    limit = kind.keyed_limit
    if limit is None:
        return job
    if job.limit_key and not job.limit_key.startswith(limit.head(kind.name)):
        raise InvalidOption(
            f"the job type {kind.name!r} says itself whose jobs share a limit; leave limit_key out",
            field="limit_key",
        )
    key = _key_of(limit, kind, payload)
    if not key:
        return _without(job, kind, limit)
    limit_key = limit.limit_key(kind.name, key)
    options = {**job.options, "limit_key": limit_key, "limit": limit.most}
    if limit.hold == "job":
        options[HOLD] = True
    job_id = job.id if own_id else placed(job.id, limit_key)
    return job._replace(id=job_id, options=options, limit_key=limit_key, limit=limit.most)


def _key_of(limit: Limit, kind: JobType, payload: Mapping[str, Any] | BaseModel) -> str | None:
    if callable(limit.by):
        return told(limit.by, kind, payload, ("keyed limit", "key"))
    return limit.key_in(fields_with(str(limit.by), kind, payload))


def _without(job: NewJob, kind: JobType, limit: Limit) -> NewJob:
    if limit.optional:
        return job
    where = f"its field {limit.by!r}" if isinstance(limit.by, str) else "its payload"
    raise InvalidOption(
        f"jobs of the type {kind.name!r} are limited by key, and {where} tells none: give a text or a "
        "whole number, or declare the limit optional",
        field=f"payload.{limit.by}" if isinstance(limit.by, str) else "payload",
    )
