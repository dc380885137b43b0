"""Payloads and results as people may see them, without their secrets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from backend.domain.job_type import JobTypeCatalogue
from backend.telemetry.redaction import MASK, is_secret_name


def without_secrets(catalogue: JobTypeCatalogue, job_type: str, value: Any) -> Any:
    """``value`` with the fields masked that its job type calls secret, however deep they are.

    Of a type that is not known here any more nobody can say which these are: then every field with a
    secret's name is masked.
    """
    if job_type not in catalogue:
        return _masked(value, is_secret_name)
    secret = catalogue.get(job_type).secret_fields
    return _masked(value, secret.__contains__) if secret else value


def _masked(value: Any, is_secret: Callable[[str], bool]) -> Any:
    if isinstance(value, Mapping):
        return {
            name: MASK if is_secret(name) and inner else _masked(inner, is_secret)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_masked(inner, is_secret) for inner in value]
    return value
