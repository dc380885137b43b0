"""Where a new job is at home: at the place of the key that holds it together with others."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from backend.domain.jobs.job_id import place, place_of_key, uuid7
from backend.domain.jobs.job_type import JobType, JobTypeCatalogue
from backend.services.jobs.job_intake import IntakeRules, JobIntake
from tests.unit.scheduler.builders import nothing

FRESH = uuid7(1_700_000_000_000, b"0123456789")
INTAKE = JobIntake(
    JobTypeCatalogue([JobType("free", nothing), JobType("held", nothing, limit=3)]),
    IntakeRules(),
    new_id=lambda: FRESH,
    now=lambda: datetime(2026, 6, 1, tzinfo=UTC),
)


@pytest.mark.parametrize(
    ("job_type", "options", "key"),
    [
        ("free", {"limit_key": "shop-17", "limit": 2}, "shop-17"),
        ("free", {"idempotency_key": "order-17"}, "order-17"),
        ("held", {"idempotency_key": "order-17", "limit_key": "shop-17", "limit": 2}, "shop-17"),
        ("held", {}, "held"),
        ("held", {"tags": ["a"]}, "held"),
    ],
)
def test_a_job_that_a_key_holds_is_at_the_place_of_the_key(
    job_type: str, options: dict[str, Any], key: str
) -> None:
    job = INTAKE.check(job_type, {}, None, options)

    assert place(job.id) == place_of_key(key)
    assert job.id[:-3] == FRESH[:-3]


@pytest.mark.parametrize("options", [{}, {"tags": ["a"]}])
def test_a_job_that_nothing_holds_may_be_anywhere(options: dict[str, Any]) -> None:
    assert INTAKE.check("free", {}, None, options).id == FRESH


def test_an_id_of_a_callers_own_is_never_changed() -> None:
    job = INTAKE.check("held", {}, None, {"job_id": "order-17", "limit_key": "shop", "limit": 1})

    assert job.id == "order-17"
