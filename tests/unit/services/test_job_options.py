"""Options that `enqueue_job` refuses, whoever calls it."""

from __future__ import annotations

import pytest

from backend.domain.errors import InvalidOption
from backend.domain.job_type import JobType, JobTypeCatalogue
from backend.domain.queue_name import Priority
from backend.services.job_intake import IntakeRules, JobIntake
from tests.unit.scheduler.builders import NOON, job_intake, nothing


@pytest.mark.parametrize("url", ["ftp://host/", "example.com", "https://a b", "javascript:x"])
def test_a_callback_goes_to_a_web_address_only(url: str) -> None:
    with pytest.raises(InvalidOption, match="callback_url must begin with https"):
        job_intake().check("report", {}, None, {"callback_url": url})


def test_a_callback_that_can_be_sent_is_taken() -> None:
    job = job_intake().check("report", {}, None, {"callback_url": "https://example.com/told"})

    assert job.options["callback_url"] == "https://example.com/told"


INTAKE = JobIntake(
    JobTypeCatalogue(
        [
            JobType("send", nothing, lane="email", priority=Priority.HIGH, version=2),
            JobType("tidy", nothing, priority=Priority.LOW),
        ]
    ),
    IntakeRules(),
    new_id=lambda: "new-id",
    now=lambda: NOON,
)


@pytest.mark.parametrize(
    ("job_type", "priority", "asked", "queue"),
    [
        ("send", None, None, "high:email"),
        ("send", "low", None, "low:email"),
        ("send", None, "normal:email", "normal:email"),
        ("send", None, "low", "low"),
        ("send", None, "low:default", "low"),
        ("send", None, "default", "high"),
        ("tidy", None, "email", "low:email"),
        ("tidy", "high", "email", "high:email"),
        ("tidy", "high", "high:email", "high:email"),
    ],
)
def test_a_job_goes_to_the_queue_that_is_chosen(
    job_type: str, priority: str | None, asked: str | None, queue: str
) -> None:
    assert str(INTAKE.check(job_type, {}, priority, {"queue": asked}).queue) == queue


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("hihg:email", "there is no queue 'hihg:email', did you mean 'high:email'?"),
        (
            "dlq",
            "there is no queue 'dlq'; it is a priority, or a priority and a lane: normal, high:email",
        ),
        (7, "there is no queue 7; it is a priority, or a priority and a lane: normal, high:email"),
        ("low:email", "queue 'low:email' has priority low, not normal; give one of the two"),
    ],
)
def test_a_queue_that_cannot_be_is_refused_in_words(asked: object, says: str) -> None:
    with pytest.raises(InvalidOption) as refused:
        INTAKE.check("send", {}, "normal", {"queue": asked})

    assert str(refused.value) == says
    assert refused.value.details["field"] == "queue"


def test_only_the_version_that_is_deployed_can_be_asked_for() -> None:
    assert INTAKE.check("send", {}, None, {"version": 2}).options == {"version": 2}
    with pytest.raises(InvalidOption) as refused:
        INTAKE.check("send", {}, None, {"version": 3})

    assert str(refused.value) == (
        "job type 'send' has version 2 here, not 3; leave version out to have the one that is "
        "deployed run"
    )
