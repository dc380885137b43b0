"""A job that is enqueued inside of another one belongs to what that one belongs to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from backend.domain.jobs.job_type import JobType, JobTypeCatalogue
from backend.services.jobs.job_intake import IntakeRules, JobIntake
from workers.base_worker import JobContext

PARENT = JobContext("parent", "order", 2, trace_id="t-1", tenant="acme", context_id="c-1")


def _carried(around: JobContext | None, options: dict[str, Any], own: Any = None) -> dict[str, Any]:
    intake = JobIntake(
        JobTypeCatalogue([JobType("greet", print)]),
        IntakeRules(),
        new_id=lambda: "id",
        now=lambda: datetime(2026, 6, 1, tzinfo=UTC),
        within=lambda: around,
    )
    return intake.check("greet", {}, None, options, own).options


def test_outside_of_jobs_nothing_is_taken_over() -> None:
    assert _carried(None, {}) == {}


def test_trace_tenant_and_context_are_taken_over_and_the_parent_is_named() -> None:
    assert _carried(PARENT, {"tags": ["a"]}) == {
        "trace_id": "t-1",
        "tenant": "acme",
        "context_id": "c-1",
        "tags": ["a"],
        "parent_id": "parent",
    }


@pytest.mark.parametrize(("said", "kept"), [("other", "other"), ("", None), (None, "acme")])
def test_what_is_said_of_the_job_itself_counts(said: str | None, kept: str | None) -> None:
    assert _carried(PARENT, {"tenant": said}).get("tenant") == kept


def test_a_rehearsal_stays_one_unless_it_is_said_to_be_none() -> None:
    rehearsal = JobContext("parent", "order", 1, is_test=True)

    assert _carried(rehearsal, {}) == {"is_test": True, "parent_id": "parent"}
    assert _carried(rehearsal, {"is_test": False}) == {"parent_id": "parent"}


def test_what_a_confined_job_enqueues_for_its_tenant_is_confined_too() -> None:
    confined = JobContext("parent", "order", 1, tenant="acme", is_confined=True)

    assert _carried(confined, {})["is_confined"] is True
    assert "is_confined" not in _carried(confined, {"tenant": "other"})


def test_what_we_say_of_it_ourselves_comes_first() -> None:
    assert _carried(PARENT, {}, {"parent_id": "told"})["parent_id"] == "told"
