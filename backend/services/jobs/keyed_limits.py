"""Which jobs share the slots of a key, as the keyed limit of their type tells. It travels with the job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from backend.domain.errors import InvalidOption
from backend.domain.jobs.job import NewJob
from backend.domain.jobs.job_id import placed
from backend.domain.jobs.job_type import JobType
from backend.domain.jobs.options.keyed_name import HOLD
from backend.services.jobs.shares.payload_fields import key_of, no_key


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
    key = key_of(limit.by, kind, payload, "keyed limit")
    if not key:
        if limit.optional:
            return job
        raise no_key(limit.by, kind, "are limited by key", "limit")
    limit_key = limit.limit_key(kind.name, key)
    options = {**job.options, "limit_key": limit_key, "limit": limit.most}
    if limit.hold == "job":
        options[HOLD] = True
    job_id = job.id if own_id else placed(job.id, limit_key)
    return job._replace(id=job_id, options=options, limit_key=limit_key, limit=limit.most)
