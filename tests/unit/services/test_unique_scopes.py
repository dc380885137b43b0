"""What makes jobs the same, whoever says it: the type, the call, a function of the payload."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from backend.domain.errors import InvalidOption
from backend.domain.jobs.job import JobView, NewJob
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.job_type import JobType, JobTypeCatalogue
from backend.domain.jobs.options.job_options import OwnOptions
from backend.domain.jobs.options.unique import Unique, UniqueScope, scope_in
from backend.domain.jobs.published_type import job_type_of, text_of
from backend.services.jobs.job_intake import IntakeRules, JobIntake
from tests.unit.scheduler.builders import NOON, nothing


class Sync(BaseModel):
    """A payload with a default."""

    cart: int
    region: str = "eu"
    items: list[int] = []


def _intake(*kinds: JobType) -> JobIntake:
    told = JobType("told", nothing, unique=Unique("started"))
    catalogue = JobTypeCatalogue([*kinds, told])
    return JobIntake(catalogue, IntakeRules(), new_id=lambda: "x", now=lambda: NOON)


def _job(
    unique: Unique | None, payload: dict[str, Any], model: Any = Sync, /, **said: Any
) -> NewJob:
    kind = JobType("sync", nothing, payload=model, unique=unique, on_success=said.pop("then", ""))
    return _intake(kind).check("sync", payload, None, said)


def _key(unique: Unique | None, payload: dict[str, Any], /, **said: Any) -> str:
    scope = _job(unique, payload, **said).scope
    assert scope is not None
    return scope.key


BY_CART = Unique("started", "cart")


def test_all_of_the_payload_makes_jobs_the_same_when_nothing_is_said() -> None:
    whole = Unique("ended")

    assert _key(whole, {"cart": 1, "region": "us"}) == _key(whole, {"region": "us", "cart": 1})
    assert _key(whole, {"cart": 1}) != _key(whole, {"cart": 2})


def test_the_fields_that_are_named_make_jobs_the_same() -> None:
    assert _key(BY_CART, {"cart": 1, "items": [1]}) == _key(BY_CART, {"cart": 1, "items": [2]})
    assert _key(BY_CART, {"cart": 1}) != _key(BY_CART, {"cart": 2})
    assert _key(Unique("started", ("cart", "region")), {"cart": 1}) != _key(BY_CART, {"cart": 1})


def test_a_field_that_is_left_out_is_as_its_default() -> None:
    by = Unique("started", "region")

    assert _key(by, {"cart": 1}) == _key(by, {"cart": 2, "region": "eu"})


def test_a_field_that_is_not_there_is_refused_and_no_bucket_of_all() -> None:
    """As oban #792 and #1477: there all jobs without the field were the same."""
    with pytest.raises(InvalidOption, match="the same by their field 'card'") as refused:
        _job(Unique("started", "card"), {"cart": 1})

    assert refused.value.details["field"] == "unique_by"


def test_a_function_is_given_the_checked_payload() -> None:
    by = Unique("started", lambda sync: sync.cart // 10)

    assert _key(by, {"cart": 11}) == _key(by, {"cart": 19})
    assert _key(by, {"cart": 11}) != _key(by, {"cart": 21})


def _breaks(_: Any) -> Any:
    raise KeyError("shop")


@pytest.mark.parametrize(
    ("by", "says"), [(lambda _: None, "is None for this payload"), (_breaks, "KeyError")]
)
def test_a_function_that_tells_nothing_is_refused(by: Any, says: str) -> None:
    with pytest.raises(InvalidOption, match=says):
        _job(Unique("started", by), {"cart": 1})


def test_another_tenant_and_a_rehearsal_are_never_the_same() -> None:
    keys = {
        _key(BY_CART, {"cart": 1}, **said)
        for said in ({}, {"tenant": "acme"}, {"tenant": "bolt"}, {"is_test": True})
    }

    assert len(keys) == 4


def test_what_a_tenants_key_asks_for_is_never_the_same_as_what_may_do_more() -> None:
    intake = _intake(JobType("sync", nothing, payload=Sync, unique=BY_CART))
    own, acme = OwnOptions(is_confined=True), {"tenant": "acme"}
    mine, theirs = (intake.check("sync", {"cart": 1}, None, acme, said) for said in (own, None))
    assert mine.scope is not None
    assert theirs.scope is not None
    assert mine.scope.key != theirs.scope.key

    dead = JobView(
        mine.id, "sync", "normal", JobState.FAILED, {"cart": 1}, 1, 1, options=mine.options
    )
    mended = intake.check_anew(dead, {"cart": 1, "items": [2]})

    assert mended.scope == mine.scope


@pytest.mark.parametrize(
    ("said", "scope"),
    [
        ({"unique": "ended"}, ("ended", "keep", 0.0)),
        ({"unique": 3600}, ("3600", "keep", 0.0)),
        ({"on_conflict": "replace"}, ("started", "replace", 0.0)),
        ({"on_conflict": "debounce", "delay": 5}, ("started", "debounce", 50.0)),
        (
            {"on_conflict": "debounce", "delay": 5, "max_wait_seconds": 7},
            ("started", "debounce", 7.0),
        ),
    ],
)
def test_what_a_call_says_comes_before_what_its_type_says(said: Any, scope: Any) -> None:
    job = _job(BY_CART, {"cart": 1}, **said)

    assert job.scope == UniqueScope(_key(BY_CART, {"cart": 1}), *scope)
    assert job.delay == said.get("delay", 0.0)


def test_a_declared_debounce_has_its_delay_unless_the_call_has_one() -> None:
    debounce = Unique("started", "cart", "debounce", 10.0, 120.0)

    assert _job(debounce, {"cart": 1}).delay == 10.0
    assert _job(debounce, {"cart": 1}, delay=3).delay == 3.0
    assert _job(debounce, {"cart": 1}, on_conflict="keep").delay == 0.0


def test_a_call_may_lift_what_its_type_says() -> None:
    job = _job(BY_CART, {"cart": 1}, unique="none")

    assert (job.scope, "scope" in job.options) == (None, False)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"unique_by": ["cart"]}, "unique_by"),
        ({"on_conflict": "keep"}, "on_conflict"),
        ({"unique": "ended", "on_conflict": "replace"}, "on_conflict"),
        ({"unique": 60, "on_conflict": "debounce", "delay": 1}, "on_conflict"),
        ({"unique": "started", "on_conflict": "debounce"}, "delay"),
        ({"unique": "started", "max_wait_seconds": 5}, "max_wait_seconds"),
        (
            {"unique": "started", "on_conflict": "debounce", "delay": 9, "max_wait_seconds": 5},
            "delay",
        ),
        ({"unique": 0}, "unique"),
    ],
)
def test_what_makes_no_sense_is_refused(said: Any, field: str) -> None:
    with pytest.raises(InvalidOption) as refused:
        _job(None, {"cart": 1}, **said)

    assert refused.value.details["field"] == field


def test_a_debounce_has_no_fixed_time() -> None:
    debounce = Unique("started", "cart", "debounce", 10.0)

    with pytest.raises(InvalidOption, match="takes a delay, not run_at"):
        _job(debounce, {"cart": 1}, run_at=NOON)


def test_a_job_that_follows_another_is_like_no_other() -> None:
    job = _job(None, {"cart": 1}, then="told")

    assert "scope" not in job.options["follow"]["on_success"]["options"]


def test_a_key_comes_back_from_its_text_whatever_is_in_it() -> None:
    scope = UniqueScope("a/b:c", "started", longest_wait_seconds=0.5)

    assert scope_in(scope.text) == scope
    assert (scope_in(""), scope_in("x"), scope_in("no/1/k"), scope_in("60/x/k")) == (None,) * 4


def test_who_reads_the_type_elsewhere_makes_the_same_key() -> None:
    kind = JobType("sync", nothing, payload=Sync, unique=BY_CART)

    assert job_type_of("sync", text_of(kind)).unique == Unique("started", ("cart",))


def test_a_function_of_its_code_is_not_told_elsewhere_but_fields_may_be_given() -> None:
    kind = JobType("sync", nothing, unique=Unique("started", lambda sync: sync["cart"]))
    elsewhere = job_type_of("sync", text_of(kind)).unique

    with pytest.raises(InvalidOption, match="give unique_by, or enqueue it where its code is"):
        _job(elsewhere, {"cart": 1})
    assert _key(elsewhere, {"cart": 1}, unique_by=["cart"]) == _key(BY_CART, {"cart": 1})


def test_who_has_not_the_code_fills_in_what_the_schema_says() -> None:
    kind = JobType("sync", nothing, payload=Sync, unique=Unique("started", "region"))
    elsewhere = job_type_of("sync", text_of(kind))
    asked = [
        _intake(each).check("sync", {"cart": 1, **said}, None, {}).scope
        for each in (kind, elsewhere)
        for said in ({}, {"region": "eu"})
    ]

    assert asked[0] is not None
    assert len(set(asked)) == 1
