"""What callers give where the id of a job belongs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from backend.domain.errors import InvalidOption


def checked_id(job_id: Any) -> str:
    """Raises `InvalidOption` for what is no text: the stores' drivers would tell of their own types."""
    if isinstance(job_id, str):
        return job_id
    raise InvalidOption(
        f"job_id must be a text, not {type(job_id).__name__}; of a handle give its id",
        field="job_id",
    )


def checked_ids(job_ids: Iterable[Any]) -> list[str]:
    """The same of many; one text alone is refused too, whose letters are no ids."""
    if isinstance(job_ids, str):
        raise InvalidOption("job_ids must be a list of texts, not one text", field="job_ids")
    return [checked_id(job_id) for job_id in job_ids]
