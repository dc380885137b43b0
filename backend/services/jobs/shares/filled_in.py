"""A payload's fields as those have them who read it: what it leaves out is as its model has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from backend.domain.jobs.job_type import JobType
from backend.services.jobs.payload_problems import fitted


def fields_with(
    name: str, kind: JobType, payload: Mapping[str, Any] | BaseModel
) -> Mapping[str, Any]:
    """The payload's fields, as JSON has them; all of them where it leaves this one out."""
    fields = _named(payload) if isinstance(payload, BaseModel) else payload
    return fields if name in fields else filled_in(kind, payload)


def filled_in(kind: JobType, payload: Mapping[str, Any] | BaseModel) -> dict[str, Any]:
    """All fields, with the defaults of those that a payload leaves out.

    Of a type whose code is elsewhere, its schema tells them. Raises `InvalidPayload`.
    """
    if isinstance(payload, BaseModel):
        return _fields(payload)
    if kind.payload is None:
        return {**_defaults(kind), **payload}
    return {**_fields(fitted(kind, kind.payload, payload)), **payload}


def _fields(model: BaseModel) -> dict[str, Any]:
    """By the names of Python and by those of the payload, which go before: arguments have these alone."""
    return {**model.model_dump(mode="json"), **_named(model)}


def _named(model: BaseModel) -> dict[str, Any]:
    return model.model_dump(mode="json", by_alias=True)


def _defaults(kind: JobType) -> dict[str, Any]:
    fields = (kind.payload_schema or {}).get("properties", {})
    return {name: said["default"] for name, said in fields.items() if _has_default(said)}


def _has_default(said: Any) -> bool:
    return isinstance(said, dict) and "default" in said
