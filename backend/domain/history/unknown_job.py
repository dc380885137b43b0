"""The error for a job that nothing is known of: one text, whoever finds out."""

from __future__ import annotations

from backend.domain.errors import JobNotFound


def unknown_job(job_id: str) -> JobNotFound:
    """Of a job of another tenant the very same is said: else its words tell that there is one."""
    return JobNotFound(
        f"no job {job_id!r} on record; it was never accepted, is too new to be recorded yet, or too "
        "old to be kept",
        job_id=job_id,
    )
