"""Finds the jobs that a caller may see; those of another tenant are as if they were not there."""

from __future__ import annotations

from backend.api.call import Call
from backend.domain.errors import JobNotFound
from backend.domain.history_record import JobHistory
from backend.domain.job import JobView
from backend.domain.type_rights import permit_type


def find_own(call: Call, job_id: str) -> JobView | JobHistory:
    """The job, live or from the record; raises `JobNotFound`."""
    found = call.parts.search.find(job_id)
    tenant = call.who.tenant
    if tenant is not None and found.options.get("tenant") != tenant:
        raise JobNotFound(f"no job {job_id!r}", job_id=job_id)
    return found


def permit_again(call: Call, job_id: str) -> None:
    """Raises unless the job is the caller's to see, and its type one that they may have run."""
    job_type = _type_of(find_own(call, job_id))
    if job_type in call.parts.catalogue:
        permit_type(call.who, call.parts.catalogue.get(job_type))


def _type_of(found: JobView | JobHistory) -> str:
    return found.job_type if isinstance(found, JobView) else found.job.job_type


def check_own(call: Call, job_id: str) -> None:
    """Raises `JobNotFound` for a job of another tenant; costs nothing for callers who are bound to none."""
    if call.who.tenant is not None:
        find_own(call, job_id)
