"""Jobs that follow others, and one that others follow by its declaration."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from tally import JobContext, JobEnded, current_job, job_type, queue


@job_type("told", timeout=600)
def told(ended: JobEnded, context: JobContext) -> dict[str, Any]:
    """Says what it was told, and what came of that job."""
    found = queue().get_job(ended.job_id)
    error = found.error.reason if found.error else ""
    return {"told": ended.model_dump(), "result": found.result, "error": error}


class Letter(BaseModel):
    """What only a caller can say."""

    to: str
    secret: str = ""


def _read(letter: Letter, context: JobContext | None) -> dict[str, Any]:
    assert context is not None
    told = context.follows.model_dump() if context.follows else None
    return {"to": letter.to, "told": told}


@job_type("letter", timeout=600, secret_fields=("secret",))
def letter(letter: Letter, context: JobContext) -> dict[str, Any]:
    """Says what it was given, and of whose end it is told."""
    return _read(letter, context)


@job_type("async_letter", timeout=600)
async def async_letter(letter: Letter) -> dict[str, Any]:
    """The same in the loop."""
    return _read(letter, current_job())


@job_type("isolated_letter", isolation="process", timeout=600)
def isolated_letter(letter: Letter, context: JobContext) -> dict[str, Any]:
    """The same in a child."""
    return _read(letter, context)


@job_type("isolated_followed", isolation="process", timeout=600, on_success=told, on_failure="told")
def isolated_followed(payload: dict[str, Any]) -> str:
    """Ends as it is told."""
    if payload.get("fails"):
        raise ValueError("as told")
    return "well"
