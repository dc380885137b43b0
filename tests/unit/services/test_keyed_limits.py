"""Whose slots a job shares: told by its payload, refused or let go where it tells nobody's."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel, Field

from backend.domain.errors import InvalidOption
from backend.domain.jobs.job import NewJob
from backend.domain.jobs.job_type import JobType
from backend.domain.jobs.options.keyed_limit import Limit
from backend.domain.jobs.published_type import job_type_of, text_of
from backend.services.jobs.keyed_limits import with_limit_key
from tests.contract.broker.jobs import new_job
from workers.job_types.arguments import model_of_arguments


class Call(BaseModel):
    """A payload."""

    customer: str
    number: int = 7


def _kind(limit: Limit, **said: Any) -> JobType:
    return JobType("call_crm", lambda *_: None, keyed_limit=limit, **said)


def _keyed(limit: Limit, said_in: Any, job: NewJob | None = None, **said: Any) -> NewJob:
    return with_limit_key(job or new_job(), _kind(limit, **said), said_in, own_id=True)


@pytest.mark.parametrize(
    ("by", "payload", "key"),
    [
        ("customer", {"customer": "acme"}, "call_crm:acme"),
        ("customer", {"customer": 12345678901234567890}, "call_crm:12345678901234567890"),
        ("customer", {"customer": "a:b *\x1f"}, "call_crm:a:b * "),
        ("customer", Call(customer="acme"), "call_crm:acme"),
        (lambda call: f"{call['customer']}/1", {"customer": "acme"}, "call_crm:acme/1"),
    ],
)
def test_the_key_is_told_by_a_field_or_a_function(by: Any, payload: Any, key: str) -> None:
    job = _keyed(Limit(2, by=by), payload)

    assert job.limit_key.startswith(key)
    assert (job.limit, job.options) == (2, {"limit_key": job.limit_key, "limit": 2})
    assert job.limit_key.isprintable()


def test_long_keys_that_differ_at_their_end_stay_apart() -> None:
    keys = {_keyed(Limit(2, by="c"), {"c": "x" * 200 + end}).limit_key for end in "ab"}

    assert len(keys) == 2
    assert max(map(len, keys)) < 200


@pytest.mark.parametrize("value", [None, "", True, 1.5, ["a"], {}])
def test_a_job_that_tells_no_key_is_refused_and_never_shares_anybodys_slots(value: Any) -> None:
    with pytest.raises(InvalidOption, match="limited by key") as refused:
        _keyed(Limit(2, by="customer"), {"customer": value})
    assert refused.value.details["field"] == "payload.customer"

    assert _keyed(Limit(2, by="customer", optional=True), {"customer": value}).limit_key == ""


def test_what_the_authors_function_raises_is_said() -> None:
    with pytest.raises(InvalidOption, match="cannot tell the key: KeyError"):
        _keyed(Limit(2, by=lambda call: call["customer"]), {})


def test_types_of_one_name_share_the_slots_of_a_key() -> None:
    assert _keyed(Limit(2, by="customer", name="crm"), {"customer": "a"}).limit_key == "crm:a"


def test_a_callers_own_key_is_refused_and_that_of_a_replay_is_told_anew() -> None:
    limit, payload = Limit(2, by="customer"), {"customer": "acme"}

    with pytest.raises(InvalidOption, match="leave limit_key out"):
        _keyed(limit, payload, new_job(limit_key="mine", limit=9))
    again = _keyed(limit, payload, new_job(limit_key="call_crm:other", limit=9))

    assert (again.limit_key, again.limit) == ("call_crm:acme", 2)


def test_a_place_that_is_kept_until_the_end_travels_with_the_job() -> None:
    job = _keyed(Limit(1, by="customer", hold="job"), {"customer": "acme"})

    assert job.options == {"limit_key": "call_crm:acme", "limit": 1, "hold": True}


def test_a_field_that_the_payload_leaves_out_is_the_one_of_its_model() -> None:
    limit = Limit(1, by="number")

    assert _keyed(limit, {"customer": "acme"}, payload=Call).limit_key == "call_crm:7"


def sync(number: int, region: str = "eu") -> None:
    """A task, whose arguments are its payload."""


class Order(BaseModel):
    """Fields whose names in a payload are others than here, and one that JSON has as text."""

    region: str = Field("eu", alias="orderRegion")
    id: UUID = UUID(int=7)


@pytest.mark.parametrize(
    ("model", "by", "payload", "key"),
    [
        (model_of_arguments(sync), "region", {"number": 7}, "call_crm:eu"),
        (model_of_arguments(sync), "region", {"number": 7, "region": "us"}, "call_crm:us"),
        (Order, "orderRegion", {}, "call_crm:eu"),
        (Order, "region", {"orderRegion": "us"}, "call_crm:us"),
        (Order, "id", {}, f"call_crm:{UUID(int=7)}"),
        (Order, "id", Order(), f"call_crm:{UUID(int=7)}"),
        (Order, "orderRegion", Order(orderRegion="us"), "call_crm:us"),
    ],
)
@pytest.mark.parametrize("optional", [False, True])
def test_a_field_is_found_by_its_name_in_the_payload(
    model: type[BaseModel], by: str, payload: Any, key: str, *, optional: bool
) -> None:
    limit = Limit(1, by=by, optional=optional)

    assert _keyed(limit, payload, payload=model).limit_key == key


@pytest.mark.parametrize("optional", [False, True])
@pytest.mark.parametrize("model", [Call, model_of_arguments(sync)])
def test_who_has_not_the_code_fills_in_what_the_schema_says(
    model: type[BaseModel], *, optional: bool
) -> None:
    by = "number" if model is Call else "region"
    here = _kind(Limit(1, by=by, optional=optional), payload=model)
    elsewhere = job_type_of("call_crm", text_of(here))
    payload = {"customer": "acme"} if model is Call else {"number": 3}

    keys = [with_limit_key(new_job(), kind, payload, own_id=True) for kind in (here, elsewhere)]

    assert keys[0].limit_key == keys[1].limit_key == f"call_crm:{7 if model is Call else 'eu'}"


@pytest.mark.parametrize("hold", ["attempt", "job"])
def test_other_processes_hear_of_it(hold: Any) -> None:
    kind = _kind(Limit(2, by="customer", name="crm", optional=True, hold=hold))

    assert job_type_of("call_crm", text_of(kind)).keyed_limit == kind.keyed_limit


def test_who_has_not_the_code_cannot_tell_the_key_of_a_function() -> None:
    elsewhere = job_type_of("call_crm", text_of(_kind(Limit(2, by=lambda _: "a"))))

    with pytest.raises(InvalidOption, match="only processes that have the code"):
        with_limit_key(new_job(), elsewhere, {}, own_id=True)


@pytest.mark.parametrize(
    "said",
    [
        {"most": 0, "by": "c"},
        {"most": 2, "by": ""},
        {"most": 2, "by": "c", "name": "a:b"},
        {"most": 2, "by": "c", "hold": "ever"},
    ],
)
def test_what_could_not_be_a_limit_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(InvalidOption):
        Limit(**said)
