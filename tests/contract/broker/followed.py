"""Jobs that others follow, made as callers make them."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

import pytest

from backend.domain.jobs.job import NewJob
from backend.domain.jobs.job_type import JobType, JobTypeCatalogue
from backend.domain.jobs.options.breaker import Breaker
from backend.domain.jobs.options.follow_ups import follow_up_id
from backend.domain.jobs.options.job_options import OwnOptions
from backend.domain.jobs.options.keyed_limit import Limit
from backend.domain.jobs.options.rate import Rate
from backend.domain.jobs.queue_name import Priority
from backend.services.jobs.job_intake import IntakeRules, JobIntake

_numbers = itertools.count(1)


#: What every job is told beside, in one test.
_SAID: dict[str, Any] = {}


def say_to_all(monkeypatch: pytest.MonkeyPatch, **options: Any) -> None:
    """Options that all of these jobs have, for the rest of one test."""
    for name, value in options.items():
        monkeypatch.setitem(_SAID, name, value)


def nothing() -> None:
    """What these jobs do."""


def followed_job(job_id: str = "", own: OwnOptions | None = None, **options: Any) -> NewJob:
    """A job that ``receipt`` follows on success and ``tell`` on failure; ``record`` follows ``receipt``."""
    types = (
        JobType("greet", nothing),
        JobType("receipt", nothing, priority=Priority.LOW, on_success="record"),
        JobType("tell", nothing, priority=Priority.HIGH),
        JobType("record", nothing),
        JobType("note", nothing, priority=Priority.LOW),
        JobType(
            "letter",
            nothing,
            on_success="record",
            keyed_limit=Limit(1, by="to", hold="job"),
            keyed_rate=Rate(10, per=60, burst=10, by="to"),
            breaker=Breaker(by="to"),
        ),
    )
    intake = JobIntake(
        JobTypeCatalogue(types),
        IntakeRules(),
        new_id=lambda: f"followed-{next(_numbers)}",
        now=lambda: datetime.now(UTC),
    )
    said = {"on_success": "receipt", "on_failure": "tell", "max_retries": 1} | _SAID | options
    if job_id:
        said["job_id"] = job_id
    return intake.check("greet", {"name": "Ada"}, None, said, own)


#: What a caller says to a follow-up, in texts that a step must not take apart.
LETTER = {
    "to": "ada@example.com",
    "text": 'line\n"quoted" \\ [["ü\u2028',
    "n": 12345678901234567890,
}


def job_with_a_letter(when: str = "on_success", **options: Any) -> NewJob:
    """A job that a letter follows, whose payload is its own."""
    return followed_job(**{when: {"job_type": "letter", "payload": LETTER}} | options)


def receipt_of(job_id: str) -> str:
    """The id of what follows its success."""
    return follow_up_id(job_id, "on_success")


def telling_of(job_id: str) -> str:
    """The id of what follows its failure."""
    return follow_up_id(job_id, "on_failure")
