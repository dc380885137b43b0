"""Lets an error of one of many jobs point at that job in the body."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from backend.domain.errors import InvalidRequest, UnknownJobType
from backend.services.jobs.job_options import JobRequest


@contextmanager
def pointing(asked: Sequence[JobRequest], within: str) -> Iterator[None]:
    """Around what checks them; ``within`` is where their list stands, empty where the body is the job."""
    try:
        yield
    except InvalidRequest as error:
        place = error.details.get("place")
        follows = place is not None and _follows(error, asked[place])
        if place is not None and (within or not follows):
            error.details["within"] = f"{within}/{place}" if within else ""
        if follows:
            # Which of those that follow, its name tells.
            error.details["errors"] = [{"pointer": "", "detail": str(error)}] if within else []
        raise


def _follows(error: InvalidRequest, request: JobRequest) -> bool:
    """Whether it is about the type of what follows the job."""
    is_unknown = isinstance(error, UnknownJobType)
    return is_unknown and error.details.get("job_type") != request["job_type"]
