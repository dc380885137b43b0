"""Ids that follow from a cause, and plans that stand for jobs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.errors import InvalidOption
from backend.domain.jobs.derived_job_id import derived_job_id
from backend.domain.jobs.job import NewJob
from backend.domain.jobs.job_id import checked, uuid7
from backend.domain.jobs.plans.plan_token import PlanToken, token_for
from backend.domain.jobs.queue_name import QueueName

CAUSE = uuid7(1_700_000_000_000, b"0123456789")
JOB = NewJob("a", "greet", QueueName.parse("high"), "{}", {}, 1, 60, 60)


def test_a_derived_id_keeps_the_time_of_its_cause() -> None:
    derived = derived_job_id(CAUSE, "callback")

    assert derived[:13] == CAUSE[:13]
    assert derived != CAUSE


@given(st.text(max_size=80), st.text(max_size=40))
def test_a_derived_id_is_an_id_and_always_the_same(cause: str, purpose: str) -> None:
    derived = derived_job_id(cause, purpose)

    assert checked(derived) == derived_job_id(cause, purpose)


def test_different_causes_or_purposes_give_different_ids() -> None:
    ids = {
        derived_job_id(cause, purpose)
        for cause in (CAUSE, "x", "xa")
        for purpose in ("a", "aa", "")
    }

    assert len(ids) == 9


def test_a_plan_token_survives_being_written_down() -> None:
    token = token_for(CAUSE, [JOB])

    assert PlanToken.parse(str(token)) == token
    assert token.made_at_ms == 1_700_000_000_000


@pytest.mark.parametrize(
    "change",
    [
        {"payload": '{"a":1}'},
        {"queue": QueueName.parse("low")},
        {"max_attempts": 2},
        {"delay": 1.0},
        {"options": {"tags": ["a"]}},
        {"limit_key": "k", "limit": 1},
    ],
)
def test_a_changed_job_is_another_plan(change: dict[str, object]) -> None:
    assert token_for(CAUSE, [JOB._replace(**change)]) != token_for(CAUSE, [JOB])  # type: ignore[arg-type]


def test_the_id_of_a_job_does_not_matter_to_its_plan() -> None:
    assert token_for(CAUSE, [JOB._replace(id="b")]) == token_for(CAUSE, [JOB])


@pytest.mark.parametrize("text", ["", "plan-", f"plan-{CAUSE}", f"plan-{CAUSE}-{'g' * 32}"])
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(InvalidOption):
        PlanToken.parse(text)
