"""Payloads as they may be shown: fields that a job type calls secret are hidden."""

from __future__ import annotations

from typing import Any

from backend.domain.job_type import JobTypeCatalogue
from backend.telemetry.redaction import MASK


def shown_payload(catalogue: JobTypeCatalogue, job_type: str, payload: Any) -> Any:
    """The payload without its secrets; all of it for a job type that nobody declared secrets of."""
    secrets = catalogue.get(job_type).secret_fields if job_type in catalogue else frozenset()
    if not secrets or not isinstance(payload, dict):
        return payload
    return {name: MASK if name in secrets else value for name, value in payload.items()}
