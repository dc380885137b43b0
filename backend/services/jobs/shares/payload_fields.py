"""What a payload tells by one of its fields: whose job it is, or how much it takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from backend.domain.errors import InvalidOption
from backend.domain.jobs.job_type import JobType
from backend.domain.jobs.options.keyed_name import KeyBy, key_in
from backend.services.jobs.destinations import told
from backend.services.jobs.shares.filled_in import fields_with


def key_of(
    by: KeyBy, kind: JobType, payload: Mapping[str, Any] | BaseModel, rule: str
) -> str | None:
    """The key that a ``rule`` of the type finds in a payload, by a field or by the author's function."""
    if callable(by):
        return told(by, kind, payload, (rule, "key"))
    return key_in(fields_with(by, kind, payload), by)


def no_key(by: KeyBy | None, kind: JobType, words: str, rule: str) -> InvalidOption:
    """What to raise of a payload that tells none, where the rule is not optional."""
    where = f"its field {by!r}" if isinstance(by, str) else "its payload"
    return InvalidOption(
        f"jobs of the type {kind.name!r} {words}, and {where} tells none: give a text or a "
        f"whole number, or declare the {rule} optional",
        field=f"payload.{by}" if isinstance(by, str) else "payload",
    )
