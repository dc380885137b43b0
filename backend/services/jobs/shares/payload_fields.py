"""The fields of a payload, one of which tells whose job it is, or how much it takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from backend.domain.jobs.job_type import JobType


def fields_with(
    name: str, kind: JobType, payload: Mapping[str, Any] | BaseModel
) -> Mapping[str, Any]:
    """The payload's fields; where it leaves one out, with what the type's model puts in its place."""
    if isinstance(payload, BaseModel):
        return payload.model_dump()
    if name in payload or kind.payload is None:
        return payload
    fields: dict[str, Any] = kind.payload.model_validate(payload).model_dump()
    return fields
