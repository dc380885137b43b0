"""Jobs that follow others, and one that others follow by its declaration."""

from __future__ import annotations

from typing import Any

from tally import JobContext, JobEnded, job_type, queue


@job_type("told", timeout=30)
def told(ended: JobEnded, context: JobContext) -> dict[str, Any]:
    """Says what it was told, and what came of that job."""
    found = queue().get_job(ended.job_id)
    error = found.error.reason if found.error else ""
    return {"told": ended.model_dump(), "result": found.result, "error": error}


@job_type("isolated_followed", isolation="process", timeout=30, on_success=told, on_failure="told")
def isolated_followed(payload: dict[str, Any]) -> str:
    """Ends as it is told."""
    if payload.get("fails"):
        raise ValueError("as told")
    return "well"
