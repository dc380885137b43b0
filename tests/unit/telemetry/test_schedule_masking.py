"""What people may see of schedules."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from backend.domain.jobs.job_type import JobType, JobTypeCatalogue
from backend.domain.schedules.schedule import Origin, Plan, Schedule
from backend.domain.schedules.schedule_view import Difference, ScheduleView
from backend.telemetry.logs.schedule_masking import (
    differences_without_secrets,
    plan_without_secrets,
)
from tests.jobs.well_behaved import note

CATALOGUE = JobTypeCatalogue(
    [
        JobType("pay", note, secret_fields=frozenset({"card"})),
        JobType("call", note, secret_fields=frozenset({"key"})),
    ]
)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
FOLLOWED = {"on_failure": {"job_type": "call", "payload": {"key": "k-17", "to": "ada"}}}
HIDDEN = {"on_failure": {"job_type": "call", "payload": {"key": "[hidden]", "to": "ada"}}}
PLAN = Plan("pay", {"card": "4111", "cents": 5}, FOLLOWED, cron="0 2 * * *")


def _view(plan: Plan, in_file: Plan) -> ScheduleView:
    file = Schedule("n-1", "nightly", in_file, Origin.CONFIGURATION, NOON, "file")
    return ScheduleView(replace(file, plan=plan, seeded_as=file.said()), NOON)


def test_secrets_of_its_jobs_and_of_what_follows_them_are_masked() -> None:
    shown = plan_without_secrets(CATALOGUE, _view(PLAN, PLAN))

    hidden = {"payload": {"card": "[hidden]", "cents": 5}, "options": HIDDEN}
    assert shown == {**PLAN.to_dict(), **hidden}


def test_a_difference_of_secrets_is_told_without_them() -> None:
    in_file = replace(PLAN, payload={"card": "5500", "cents": 5}, options={})

    told = differences_without_secrets(CATALOGUE, _view(PLAN, in_file))

    card = {"card": "[hidden]", "cents": 5}
    assert told == [
        Difference("nightly", "payload", card, card),
        Difference("nightly", "options", {}, HIDDEN),
    ]


def test_of_two_job_types_the_secrets_of_both_are_masked() -> None:
    in_file = replace(PLAN, job_type="call", payload={"card": "5500", "key": "k-17"})

    _, told = differences_without_secrets(CATALOGUE, _view(PLAN, in_file))

    assert told.in_file == {"card": "[hidden]", "key": "[hidden]"}
