"""Jobs that others follow, made as callers make them."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

from backend.domain.jobs.job import NewJob
from backend.domain.jobs.job_type import JobType, JobTypeCatalogue
from backend.domain.jobs.options.follow_ups import follow_up_id
from backend.domain.jobs.options.job_options import OwnOptions
from backend.domain.jobs.queue_name import Priority
from backend.services.jobs.job_intake import IntakeRules, JobIntake

_numbers = itertools.count(1)


def nothing() -> None:
    """What these jobs do."""


def followed_job(job_id: str = "", own: OwnOptions | None = None, **options: Any) -> NewJob:
    """A job that ``receipt`` follows on success and ``tell`` on failure; ``record`` follows ``receipt``."""
    types = (
        JobType("greet", nothing),
        JobType("receipt", nothing, priority=Priority.LOW, on_success="record"),
        JobType("tell", nothing, priority=Priority.HIGH),
        JobType("record", nothing),
    )
    intake = JobIntake(
        JobTypeCatalogue(types),
        IntakeRules(),
        new_id=lambda: f"followed-{next(_numbers)}",
        now=lambda: datetime.now(UTC),
    )
    said = {"on_success": "receipt", "on_failure": "tell", "max_retries": 1} | options
    if job_id:
        said["job_id"] = job_id
    return intake.check("greet", {"name": "Ada"}, None, said, own)


def receipt_of(job_id: str) -> str:
    """The id of what follows its success."""
    return follow_up_id(job_id, "on_success")


def telling_of(job_id: str) -> str:
    """The id of what follows its failure."""
    return follow_up_id(job_id, "on_failure")
