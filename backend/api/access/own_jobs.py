"""Finds the jobs that a caller may see; those of another tenant are as if they were not there."""

from __future__ import annotations

from backend.api.request.request_context import Call
from backend.domain.history.history_record import JobHistory
from backend.domain.jobs.job import JobView
from backend.services.actions.ownership import find_own as find_of_tenant


def find_own(call: Call, job_id: str) -> JobView | JobHistory:
    """The job, live or from the record; raises `JobNotFound`."""
    return find_of_tenant(call.parts.search, call.who.tenant, job_id)


def check_own(call: Call, job_id: str) -> None:
    """Raises `JobNotFound` for a job of another tenant; costs nothing for callers who are bound to none."""
    if call.who.tenant is not None:
        find_own(call, job_id)
