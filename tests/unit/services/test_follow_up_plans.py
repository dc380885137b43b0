"""What is fixed of a job's follow-ups when it is accepted, and what is refused then."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel

from backend.domain.errors import InvalidOption, UnknownJobType
from backend.domain.jobs.derived_job_id import derived_job_id
from backend.domain.jobs.job import NewJob
from backend.domain.jobs.job_type import JobType, JobTypeCatalogue
from backend.domain.jobs.options.follow_ups import follow_ups_of, words_to_come
from backend.domain.jobs.queue_name import Priority
from backend.services.jobs.job_intake import IntakeRules, JobIntake
from workers.job_types.job_ended import JobEnded

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


class Mail(BaseModel):
    """What only a caller can say."""

    to: str


def nothing() -> None:
    """What these jobs do."""


def _intake(*types: JobType) -> JobIntake:
    rules = IntakeRules(result_ttl=100)
    return JobIntake(JobTypeCatalogue(types), rules, new_id=lambda: "new-id", now=lambda: NOON)


TYPES = (
    JobType("report", nothing),
    JobType("charge", nothing, on_success="receipt", on_failure="tell"),
    JobType(
        "receipt", nothing, lane="email", priority=Priority.LOW, timeout=1.5, on_failure="tell"
    ),
    JobType("tell", nothing, payload=JobEnded, result_ttl=20),
    JobType("send_mail", nothing, payload=Mail),
)


def _job(job_type: str = "report", **options: Any) -> NewJob:
    return _intake(*TYPES).check(job_type, {}, None, options)


def test_a_call_names_what_follows_or_else_the_job_type_does() -> None:
    declared, said = _job("charge"), _job("charge", on_success="tell")

    assert follow_ups_of(declared.options) == (
        ("on_success", derived_job_id("new-id", "on_success"), "receipt"),
        ("on_failure", derived_job_id("new-id", "on_failure"), "tell"),
    )
    assert [each.job_type for each in follow_ups_of(said.options)] == ["tell", "tell"]
    assert words_to_come(declared.options) == "on_success on_failure"


def test_nothing_follows_of_which_nothing_is_said() -> None:
    assert _job(on_success=None, on_failure="").options == {}
    assert follow_ups_of(_job().options) == ()


def test_the_terms_of_a_follow_up_are_those_of_its_type() -> None:
    plan = _job("charge").options["follow"]["on_success"]

    assert {name: plan[name] for name in ("job_type", "queue", "max_attempts", "timeout")} == {
        "job_type": "receipt",
        "queue": "low:email",
        "max_attempts": 4,
        "timeout": 2,
    }
    assert json.loads(plan["options"])["timeout"] == 1.5
    assert json.loads(plan["payload"] + "}") == {"job_id": "new-id", "job_type": "charge"}


def test_what_follows_a_follow_up_goes_with_it() -> None:
    plan = _job("charge").options["follow"]["on_success"]

    inner = json.loads(plan["options"])["follow"]["on_failure"]
    assert (plan["follow"], inner["job_type"]) == ("on_failure", "tell")
    assert json.loads(inner["payload"] + "}") == {"job_id": plan["id"], "job_type": "receipt"}
    assert "follow" not in inner


def test_a_follow_up_can_still_ask_what_came_of_the_job() -> None:
    job = _job("charge", result_ttl=0)

    assert (job.result_ttl, job.options["result_ttl"]) == (3600, 3600)
    assert _job("charge").result_ttl == 3600
    assert _job("charge", result_ttl=7200).result_ttl == 7200
    assert _job(result_ttl=0).result_ttl == 0


@pytest.mark.parametrize("when", ["on_success", "on_failure"])
def test_a_job_type_that_nobody_knows_is_refused_at_once(when: str) -> None:
    with pytest.raises(UnknownJobType, match="did you mean 'receipt'"):
        _job(**{when: "receip"})


def test_one_that_cannot_take_what_it_is_told_is_refused() -> None:
    with pytest.raises(InvalidOption, match=r"'send_mail' cannot follow.* to: Field") as refusal:
        _job(on_failure="send_mail")

    assert refusal.value.details["field"] == "on_failure"


def test_jobs_that_would_follow_one_another_for_ever_are_refused() -> None:
    types = (JobType("a", nothing, on_success="b"), JobType("b", nothing, on_failure="a"))

    with pytest.raises(InvalidOption, match="a then b then a then b; they would never end"):
        _intake(*types).check("a", {}, None, {})


def test_a_job_may_be_followed_by_another_one_of_its_type() -> None:
    job = _job(on_success="report")

    assert [each.job_type for each in follow_ups_of(job.options)] == ["report"]
    assert json.loads(job.options["follow"]["on_success"]["options"]).keys() == {"parent_id"}


def test_so_many_follow_one_another_and_no_more() -> None:
    row = [JobType(f"t{at}", nothing, on_success=f"t{at + 1}") for at in range(6)]
    intake = _intake(*row, JobType("t6", nothing))

    assert follow_ups_of(intake.check("t1", {}, None, {}).options)
    with pytest.raises(InvalidOption, match="5 in a row are the most"):
        intake.check("t0", {}, None, {})


def test_a_schedule_is_told_at_once_what_cannot_follow() -> None:
    with pytest.raises(UnknownJobType):
        _intake(*TYPES).check_options("report", {"on_success": "nobody"})
