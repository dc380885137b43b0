"""What callers must know whose jobs were on their way when a store fell silent: they may be accepted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from backend.domain.errors import Unavailable
from backend.domain.jobs.job import NewJob

E = TypeVar("E", bound=Unavailable)


def unanswered(error: E, jobs: Sequence[NewJob], told: str) -> E:
    """The same error, with what one must know to send the jobs again.

    ``details["may_be_done"]`` of it says whether the store may have done its part all the same. ``told``
    is what is said where it did not.
    """
    may_be = bool(error.details.get("may_be_done"))
    details = {**error.details, "may_be_accepted": may_be}
    if may_be and len(jobs) == 1:
        details["job_id"] = jobs[0].id
        told = (
            f"job {jobs[0].id} may have been accepted all the same: "
            "sending it again is safe under that job_id"
        )
    elif may_be:
        details["job_ids"] = [job.id for job in jobs]
        told = (
            "jobs may have been accepted all the same: "
            "sending them again is safe under the ids in job_ids"
        )
    return type(error)(f"{error}; {told}", **details)
