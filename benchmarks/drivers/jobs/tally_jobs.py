"""What Tally's workers run."""

from __future__ import annotations

from typing import Any

import runs

from workers.base_worker import job_type

try:
    from backend.domain.jobs.job_type import JobType
except ImportError:
    JobType = None  # type: ignore[assignment,misc] # earlier revisions have it elsewhere


@job_type("noop")
def noop(payload: dict[str, Any]) -> None:
    runs.noop()


@job_type("stamp")
def stamp(payload: dict[str, Any]) -> None:
    runs.stamp(payload)


@job_type("wait")
def wait(payload: dict[str, Any]) -> None:
    runs.wait()


if hasattr(JobType, "is_async"):
    # Revisions before it refuse async handlers when they are declared.

    @job_type("async_wait")
    async def async_wait(payload: dict[str, Any]) -> None:
        await runs.async_wait()

    @job_type("async_noop")
    async def async_noop(payload: dict[str, Any]) -> None:
        runs.noop()
