"""What people and files may say of a schedule, and how a mistake is told."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import BaseModel

from backend.domain.errors import InvalidOption, InvalidPayload, UnknownJobType, UnknownPriority
from backend.domain.schedules.schedule import MissedRuns, Overlap, Plan
from backend.services.schedules.schedule_intake import checked_name
from tests.unit.scheduler.builders import NOON, schedule_intake


def plan(**said: Any) -> Plan:
    return schedule_intake().plan({"job_type": "report", "cron": "0 9 * * *", **said}, NOON)


def refused(**said: Any) -> InvalidOption:
    with pytest.raises(InvalidOption) as refusal:
        plan(**said)
    return refusal.value


def test_a_cron_line_and_a_job_type_are_enough() -> None:
    assert plan() == Plan("report", cron="0 9 * * *")


def test_everything_that_can_be_said_is_kept() -> None:
    said = {
        "payload": {"of": "sales"},
        "options": {"timeout": 60, "tags": ["night"]},
        "priority": "low",
        "time_zone": "Europe/Berlin",
        "jitter": 30,
        "missed_runs": "all",
        "overlap": "skip",
        "starts_at": "2027-01-01T00:00:00+01:00",
    }

    made = plan(**said)

    assert made.missed_runs is MissedRuns.ALL
    assert made.overlap is Overlap.SKIP
    assert made.starts_at == datetime(2026, 12, 31, 23, tzinfo=UTC)
    assert made.to_dict()["options"] == {"timeout": 60, "tags": ["night"]}


class _Letter(BaseModel):
    to: str


@pytest.mark.parametrize("payload", [{"to": "ada"}, _Letter(to="ada")])
def test_what_follows_its_jobs_may_have_a_payload_which_is_kept_as_json(payload: Any) -> None:
    made = plan(options={"on_failure": {"job_type": "report", "payload": payload}})

    assert json.loads(json.dumps(made.to_dict()["options"])) == {
        "on_failure": {"job_type": "report", "payload": {"to": "ada"}}
    }


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"cron": None}, "cron"),
        ({"interval": 60}, "cron"),
        ({"cron": 5}, "cron"),
        ({"cron": ["0 9 * * *"]}, "cron"),
        ({"cron": None, "interval": 0.5}, "interval"),
        ({"cron": None, "interval": 367 * 86_400}, "interval"),
        ({"cron": None, "interval": -60}, "interval"),
        ({"cron": None, "interval": "60"}, "interval"),
        ({"cron": None, "interval": True}, "interval"),
        ({"cron": None, "interval": float("nan")}, "interval"),
        ({"cron": None, "interval": float("inf")}, "interval"),
        ({"time_zone": "Europe/Berln"}, "time_zone"),
        ({"time_zone": 1}, "time_zone"),
        ({"jitter": -1}, "jitter"),
        ({"jitter": 86_400}, "jitter"),
        ({"cron": None, "interval": 60, "jitter": 60}, "jitter"),
        ({"missed_runs": "lst"}, "missed_runs"),
        ({"overlap": "queue"}, "overlap"),
        ({"starts_at": "tomorrow"}, "starts_at"),
        ({"starts_at": 5}, "starts_at"),
        ({"starts_at": datetime(2200, 1, 1, tzinfo=UTC)}, "starts_at"),
        ({"starts_at": datetime(1969, 1, 1, tzinfo=UTC)}, "starts_at"),
        ({"starts_at": "0001-01-01T00:00:00+05:00"}, "starts_at"),
        ({"starts_at": "9999-12-31T23:59:59-05:00"}, "starts_at"),
        ({"payload": "text"}, "payload"),
        ({"options": {"run_at": NOON}}, "run_at"),
        ({"options": {"timeot": 5}}, "timeot"),
        ({"options": {"timeout": -5}}, "timeout"),
        ({"job_type": ""}, "job_type"),
        ({"job_type": ["report"]}, "job_type"),
        ({"timezone": "UTC"}, "timezone"),
    ],
)
def test_a_mistake_is_refused_and_its_field_named(said: dict[str, Any], field: str) -> None:
    assert refused(**said).details["field"] == field


def test_near_names_are_told() -> None:
    assert "did you mean 'last'?" in str(refused(missed_runs="lst"))
    assert "did you mean 'time_zone'?" in str(refused(timezone="UTC"))
    assert "did you mean 'timeout'?" in str(refused(options={"timeot": 5}))
    assert "did you mean 'Europe/Berlin'?" in str(refused(time_zone="Europe/Berln"))


def test_the_job_that_it_would_enqueue_is_checked_too() -> None:
    with pytest.raises(UnknownJobType):
        plan(job_type="reprot")
    with pytest.raises(UnknownPriority):
        plan(priority="urgent")
    with pytest.raises(InvalidPayload):
        plan(payload={"at": {1, 2}})


@pytest.mark.parametrize(
    ("said", "instant"),
    [
        (datetime(2027, 1, 1, 9), datetime(2027, 1, 1, 9, tzinfo=UTC)),
        ("2027-01-01T09:00:00", datetime(2027, 1, 1, 9, tzinfo=UTC)),
        (date(2027, 1, 1), datetime(2027, 1, 1, tzinfo=UTC)),
        (
            datetime(2027, 1, 1, 9, tzinfo=timezone(timedelta(hours=2))),
            datetime(2027, 1, 1, 7, tzinfo=UTC),
        ),
        (datetime(2036, 6, 1, tzinfo=UTC), datetime(2036, 6, 1, tzinfo=UTC)),
        (datetime(2001, 1, 1, tzinfo=UTC), datetime(2001, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_start_may_be_past_or_far_and_without_a_zone_means_utc(
    said: object, instant: datetime
) -> None:
    assert plan(starts_at=said).starts_at == instant


def test_the_job_of_a_tick_carries_the_schedule_and_cannot_be_doubled() -> None:
    job = schedule_intake().job(plan(), name="nightly", job_id="nightly-1-20260601T120000")

    assert job.id == "nightly-1-20260601T120000"
    assert job.unique_key == "tick:nightly-1-20260601T120000"
    assert job.unique_window == 86_400
    assert job.options["schedule"] == "nightly"


@pytest.mark.parametrize("name", ["nightly", "a", "9to5", "team.reports_2-x", "x" * 64])
def test_a_name_fits_into_a_url(name: str) -> None:
    assert checked_name(name) == name


@pytest.mark.parametrize("name", ["", "-x", ".x", "a b", "a/b", "ä", "x" * 65, None, "a\n"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(InvalidOption) as refusal:
        checked_name(name)

    assert refusal.value.details["field"] == "name"
