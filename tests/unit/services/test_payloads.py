"""What may be given as a job's type and payload."""

from __future__ import annotations

import json
import sys
from datetime import date
from enum import Enum
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from backend.domain.errors import InvalidOption, InvalidPayload
from backend.domain.jobs.job_type import JobType, JobTypeCatalogue
from backend.services.jobs.job_intake import IntakeRules, JobIntake
from tests.unit.scheduler.builders import NOON, job_intake, nothing


class Invoice(BaseModel):
    number: int
    customer: str = Field(alias="for")


class Parcel(BaseModel):
    weight: float


class Login(BaseModel):
    password: SecretStr


class Color(Enum):
    RED = "red"


class Booking(BaseModel):
    """Takes nothing for what it is not; of JSON a text is the only date there is."""

    model_config = ConfigDict(strict=True)

    day: date
    number: int = 1
    owner: UUID | None = None
    colors: frozenset[Color] = frozenset()


class Fussy(BaseModel):
    word: str

    @field_validator("word")
    @classmethod
    def _check(cls, word: str) -> str:
        if word == "leave":
            sys.exit(4)
        return {"known": word}[word]


def _intake() -> JobIntake:
    kinds = [JobType("send_invoice", nothing, payload=Invoice), JobType("any", print)]
    return JobIntake(
        JobTypeCatalogue(kinds), IntakeRules(), new_id=lambda: "new-id", now=lambda: NOON
    )


def test_the_name_of_payloads_kept_elsewhere_is_reserved() -> None:
    with pytest.raises(InvalidPayload, match="'\\$object', which is reserved") as refusal:
        job_intake().check("report", {"$object": {"key": "k"}}, None, {})

    assert refusal.value.details["field"] == "payload.$object"
    assert job_intake().check("report", {"a": {"$object": 1}}, None, {}).payload


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ({"rates": {1: "a", "1": "b"}}, "payload.rates has the key 1, an int"),
        ({"rates": [{True: "c"}]}, "payload.rates[0] has the key True, a bool"),
        ({None: 1}, "payload has the key None, a NoneType"),
        ({"at": NOON}, "payload.at is a datetime, which is not JSON"),
        ({"rate": float("nan")}, "payload.rate is nan, which is no number to JSON"),
    ],
)
def test_what_is_no_json_is_refused_with_its_place(payload: Any, said: str) -> None:
    with pytest.raises(InvalidPayload) as refusal:
        job_intake().check("report", payload, None, {})

    assert str(refusal.value).startswith(f"the payload of 'report' is not JSON: {said}")


@pytest.mark.parametrize("payload", [[], "", 0, ["a"], "text"])
def test_a_payload_is_an_object(payload: Any) -> None:
    with pytest.raises(InvalidPayload, match="the payload of 'report' must be an object"):
        job_intake().check("report", payload, None, {})


def test_no_payload_is_an_empty_one() -> None:
    assert job_intake().check("report", None, None, {}).payload == "{}"


def test_a_model_is_taken_as_its_json() -> None:
    invoice = Invoice.model_validate({"number": 7, "for": "Ada"})

    for job_type in ("send_invoice", "any"):
        job = _intake().check(job_type, invoice, None, {})
        assert job.payload == '{"number":7,"for":"Ada"}'


def test_a_model_of_another_job_type_is_refused_by_its_fields() -> None:
    with pytest.raises(InvalidPayload, match="number: Field required"):
        _intake().check("send_invoice", Parcel(weight=1.5), None, {})


def test_a_model_whose_secret_would_be_lost_is_refused() -> None:
    with pytest.raises(InvalidPayload, match="does not come back from JSON as it was") as refusal:
        _intake().check("any", Login(password=SecretStr("hunter2")), None, {})

    assert "hunter2" not in str(refusal.value)


def test_a_handler_in_place_of_its_name_is_refused_with_its_name() -> None:
    with pytest.raises(InvalidOption) as refusal:
        _intake().check(nothing, {}, None, {})  # type: ignore[arg-type]

    assert str(refusal.value) == (
        "job_type is the name of a job type, not a function; that one is called 'send_invoice'"
    )


@pytest.mark.parametrize(("given", "kind"), [(len, "builtin_function_or_method"), (7, "int")])
def test_what_is_no_name_is_refused_as_such(given: Any, kind: str) -> None:
    with pytest.raises(InvalidOption, match=f"the name of a job type, not a {kind}$"):
        _intake().check(given, {}, None, {})


@pytest.mark.parametrize("given", [("report", {"a": 1}), "report", {"payload": {}}, None])
def test_a_request_that_names_no_job_type_is_refused_as_such(given: Any) -> None:
    with pytest.raises(InvalidOption, match="each request is a mapping with a job_type"):
        job_intake().check_request(given)


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")

    receiver: str = Field("", alias="to")
    subject: str = ""


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("subjct", "subjct: there is no such field, did you mean 'subject'?"),
        ("receiver", "receiver: there is no such field, there are to, subject"),
    ],
)
def test_of_a_field_that_is_not_there_the_refusal_says_which_are(field: str, said: str) -> None:
    intake = JobIntake(
        JobTypeCatalogue([JobType("mail", nothing, payload=Strict)]),
        IntakeRules(),
        new_id=lambda: "new-id",
        now=lambda: NOON,
    )

    with pytest.raises(InvalidPayload) as refusal:
        intake.check("mail", {field: "x"}, None, {})

    assert str(refusal.value) == f"the payload does not fit 'mail': {said}"


def _checked(model: type[BaseModel], payload: Any) -> Any:
    kinds = JobTypeCatalogue([JobType("book", nothing, payload=model)])
    intake = JobIntake(kinds, IntakeRules(), new_id=lambda: "new-id", now=lambda: NOON)
    return json.loads(intake.check("book", payload, None, {}).payload)


BOOKED = {
    "day": "2026-03-01",
    "owner": "00000000-0000-0000-0000-000000000005",
    "colors": ["red"],
}


def test_a_strict_model_takes_what_json_says_of_dates_and_the_like() -> None:
    booking = Booking(day=date(2026, 3, 1), owner=UUID(int=5), colors=frozenset({Color.RED}))

    assert _checked(Booking, BOOKED) == BOOKED
    assert _checked(Booking, booking) == BOOKED


def test_a_strict_model_stays_strict_and_says_what_is_wrong_alone() -> None:
    with pytest.raises(InvalidPayload) as refusal:
        _checked(Booking, {**BOOKED, "number": "7"})

    assert [found["field"] for found in refusal.value.details["errors"]] == ["number"]


@pytest.mark.parametrize(
    ("word", "said"), [("other", "KeyError: 'other'"), ("leave", "SystemExit: 4")]
)
def test_a_validator_that_breaks_refuses_the_payload_and_nothing_else(word: str, said: str) -> None:
    with pytest.raises(InvalidPayload, match=f"cannot be checked, its model raised {said}"):
        _checked(Fussy, {"word": word})
