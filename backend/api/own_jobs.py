"""Finds the jobs that a caller may see; those of another tenant are as if they were not there."""

from __future__ import annotations

from backend.api.call import Call
from backend.domain.errors import JobNotFound
from backend.domain.history_record import JobHistory
from backend.domain.job import JobView


def find_own(call: Call, job_id: str) -> JobView | JobHistory:
    """The job, live or from the record; raises `JobNotFound`."""
    found = call.parts.search.find(job_id)
    tenant = call.who.tenant
    if tenant is not None and found.options.get("tenant") != tenant:
        raise JobNotFound(f"no job {job_id!r}", job_id=job_id)
    return found


def check_own(call: Call, job_id: str) -> None:
    """Raises `JobNotFound` for a job of another tenant; costs nothing for callers who are bound to none."""
    if call.who.tenant is not None:
        find_own(call, job_id)
