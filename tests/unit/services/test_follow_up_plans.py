"""What is fixed of a job's follow-ups when it is accepted, and what is refused then."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel

from backend.domain.errors import InvalidOption, InvalidPayload, PayloadTooLarge, UnknownJobType
from backend.domain.jobs.derived_job_id import derived_job_id
from backend.domain.jobs.job import NewJob
from backend.domain.jobs.job_type import JobType, JobTypeCatalogue
from backend.domain.jobs.options.breaker import Breaker
from backend.domain.jobs.options.follow_ups import follow_ups_of, under_another_id, words_to_come
from backend.domain.jobs.options.keyed_limit import Limit
from backend.domain.jobs.queue_name import Priority
from backend.services.jobs.job_intake import IntakeRules, JobIntake
from workers.job_types.job_ended import JobEnded

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


class Mail(BaseModel):
    """What only a caller can say."""

    to: str


def nothing() -> None:
    """What these jobs do."""


def _intake(*types: JobType, limit: int = 10_000, new_id: str = "new-id") -> JobIntake:
    rules = IntakeRules(result_ttl=100, max_payload_bytes=limit)
    return JobIntake(JobTypeCatalogue(types), rules, new_id=lambda: new_id, now=lambda: NOON)


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
        ("on_success", derived_job_id("new-id", "on_success"), "receipt", None),
        ("on_failure", derived_job_id("new-id", "on_failure"), "tell", None),
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
    assert "payload" not in plan


def test_what_follows_a_follow_up_goes_with_it() -> None:
    plan = _job("charge").options["follow"]["on_success"]

    inner = json.loads(plan["options"])["follow"]["on_failure"]
    assert (plan["follow"], inner["job_type"]) == ("on_failure", "tell")
    assert inner["id"] == derived_job_id(plan["id"], "on_failure")
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


def test_a_caller_gives_what_follows_a_payload_of_its_own() -> None:
    for payload in ({"to": "ada"}, Mail(to="ada")):
        job = _job(on_failure={"job_type": "send_mail", "payload": payload})

        [follow_up] = follow_ups_of(job.options)
        assert follow_up == (
            "on_failure",
            derived_job_id("new-id", "on_failure"),
            "send_mail",
            {"to": "ada"},
        )


@pytest.mark.parametrize("said", [{"job_type": "tell"}, {"job_type": "tell", "payload": None}])
def test_without_a_payload_it_is_the_same_as_its_name(said: dict[str, Any]) -> None:
    assert _job(on_success=said) == _job(on_success="tell")


def test_a_payload_that_does_not_fit_is_refused_and_names_the_option() -> None:
    with pytest.raises(InvalidPayload, match=r"on_failure: .*'send_mail': to: Field") as refusal:
        _job(on_failure={"job_type": "send_mail", "payload": {}})

    assert refusal.value.details["option"] == "on_failure"
    assert refusal.value.details["errors"] == [{"field": "to", "problem": "Field required"}]


def test_a_payload_in_what_is_no_object_or_no_json_is_refused() -> None:
    with pytest.raises(InvalidPayload, match="must be an object"):
        _job(on_failure={"job_type": "report", "payload": ["ada"]})
    with pytest.raises(InvalidPayload, match="is not JSON"):
        _job(on_failure={"job_type": "report", "payload": {"to": object()}})


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"type": "tell"}, "an object of job_type and payload, without 'type'"),
        ({"payload": {}}, "on_success must be a line"),
        ({"job_type": "", "payload": {}}, "names no job_type"),
        (7, "a job type, or an object of job_type and payload"),
    ],
)
def test_what_names_no_job_type_is_refused(said: Any, words: str) -> None:
    with pytest.raises(InvalidOption, match=words):
        _job(on_success=said)


def test_what_a_job_may_weigh_holds_for_all_that_travels_with_it() -> None:
    intake = _intake(*TYPES, limit=1000)
    letter = {"job_type": "send_mail", "payload": {"to": "a" * 500}}

    assert intake.check("report", {"x": "b" * 400}, None, {"on_success": letter})
    with pytest.raises(PayloadTooLarge, match="1015 bytes together, 1000 are allowed"):
        intake.check("report", {"x": "b" * 498}, None, {"on_success": letter})
    with pytest.raises(PayloadTooLarge, match="1020 bytes together"):
        intake.check("report", {}, None, {"on_success": letter, "on_failure": letter})


def test_its_payload_tells_whose_slots_it_shares_and_where_it_is_bound_for() -> None:
    limited = JobType("push", nothing, keyed_limit=Limit(2, by="shop"), breaker=Breaker(by="host"))
    intake = _intake(*TYPES, limited)
    payload = {"shop": "s1", "host": "example.com"}
    said = {"on_success": {"job_type": "push", "payload": payload}}

    plan = intake.check("report", {}, None, said).options["follow"]["on_success"]

    assert (plan["limit_key"], plan["limit"], plan["destination"]) == (
        "push:s1",
        2,
        "push:example.com",
    )
    assert json.loads(plan["options"]) == {
        "limit_key": "push:s1",
        "limit": 2,
        "destination": "push:example.com",
    }


def test_the_id_that_what_follows_is_told_is_the_one_that_the_job_gets() -> None:
    """The key of its limit says where it is placed, which is part of its id."""
    limited = JobType("push", nothing, keyed_limit=Limit(2, by="shop"), on_success="tell")
    new_id = "01900000-0000-7000-8000-000000000000"
    intake = _intake(*TYPES, limited, new_id=new_id)

    job = intake.check("push", {"shop": "s1"}, None, {})

    assert job.id != new_id
    assert follow_ups_of(job.options)[0].id == derived_job_id(job.id, "on_success")


def test_under_another_id_a_job_is_followed_by_others() -> None:
    job, renamed = _job("charge", job_id="old"), _job("charge", job_id="new")

    assert under_another_id(job.options, "new") == renamed.options
    assert under_another_id({"tenant": "acme"}, "new") == {"tenant": "acme"}


def test_jobs_that_would_follow_one_another_for_ever_are_refused() -> None:
    types = (JobType("a", nothing, on_success="b"), JobType("b", nothing, on_failure="a"))

    with pytest.raises(InvalidOption, match="a then b then a then b; they would never end"):
        _intake(*types).check("a", {}, None, {})


def test_a_job_may_be_followed_by_another_one_of_its_type() -> None:
    job = _job(on_success="report")

    assert [each.job_type for each in follow_ups_of(job.options)] == ["report"]
    assert job.options["follow"]["on_success"]["options"] == "{}"


def test_so_many_follow_one_another_and_no_more() -> None:
    row = [JobType(f"t{at}", nothing, on_success=f"t{at + 1}") for at in range(6)]
    intake = _intake(*row, JobType("t6", nothing))

    assert follow_ups_of(intake.check("t1", {}, None, {}).options)
    with pytest.raises(InvalidOption, match="5 in a row are the most"):
        intake.check("t0", {}, None, {})


def test_a_schedule_is_told_at_once_what_cannot_follow() -> None:
    with pytest.raises(UnknownJobType):
        _intake(*TYPES).check_options("report", {"on_success": "nobody"})
