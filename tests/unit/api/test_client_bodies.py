"""What the client for other programs makes of a body: JSON as it was meant, or a refusal."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel, Field, SecretStr, field_serializer

from backend.client.tally_client import TallyClient
from backend.client.transport import Reply, Transport


class Colour(Enum):
    RED = "red"


class Size(IntEnum):
    LARGE = 3


class Word(StrEnum):
    YES = "yes"


class Person(BaseModel):
    name: str


class Login(BaseModel):
    user: str
    password: SecretStr = SecretStr("")


class Price(BaseModel):
    cents: float

    @field_serializer("cents")
    def rounded(self, cents: float) -> int:
        return round(cents)


class Written(BaseModel):
    """Reads a field under another name than it writes it."""

    name: str = Field(validation_alias="called", serialization_alias="naam")


class Visit(BaseModel):
    model_config = {"strict": True}

    on: date
    notes: list[str] = []


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The bodies that were sent, read as the server reads them."""
    bodies: list[Any] = []

    def once(_transport: Transport, outgoing: Any) -> Reply:
        bodies.append(json.loads(outgoing.text))
        return Reply(202, {"id": "x", "created": True}, {})

    monkeypatch.setattr(Transport, "_once", once)
    return bodies


@pytest.fixture
def client() -> TallyClient:
    return TallyClient("http://127.0.0.1:1", "a-token")


def test_what_has_one_form_in_json_is_sent_in_it(client: TallyClient, sent: list[Any]) -> None:
    payload = {
        "at": datetime(2026, 1, 27, 8, 30, tzinfo=UTC),
        "on": date(2026, 1, 27),
        "from": time(8, 30),
        "id": UUID(int=7),
        "price": Decimal("9.90"),
        "kinds": (Colour.RED, Size.LARGE, Word.YES, True, None),
    }

    client.enqueue("sync", payload)

    assert sent[0]["payload"] == {
        "at": "2026-01-27T08:30:00+00:00",
        "on": "2026-01-27",
        "from": "08:30:00",
        "id": "00000000-0000-0000-0000-000000000007",
        "price": "9.90",
        "kinds": ["red", 3, "yes", True, None],
    }


@pytest.mark.parametrize(
    ("value", "name"),
    [({1}, "set"), (Person(name="Ada"), "Person"), (b"x", "bytes"), (timedelta(1), "timedelta")],
)
def test_what_json_cannot_say_is_refused_and_never_made_text(
    client: TallyClient, sent: list[Any], value: Any, name: str
) -> None:
    with pytest.raises(TypeError) as refused:
        client.enqueue("sync", {"of": [value]})

    assert str(refused.value) == f"JSON has no form for a value of type {name}"
    assert sent == []


def test_many_jobs_may_be_none_and_nothing_is_sent_then(
    client: TallyClient, sent: list[Any]
) -> None:
    assert client.enqueue_many([]) == []
    assert client.job_type("sync", dict).enqueue_many([]) == []

    assert sent == []


def test_options_and_many_jobs_are_held_to_it_too(client: TallyClient, sent: list[Any]) -> None:
    with pytest.raises(TypeError, match="of type set"):
        client.enqueue("sync", tags={"a"})
    with pytest.raises(TypeError, match="of type set"):
        client.enqueue_many([{"job_type": "sync"}, {"job_type": "sync", "payload": {"of": {1}}}])
    assert sent == []


@pytest.mark.parametrize(
    "payload",
    [Login(user="Ada", password=SecretStr("x")), Price(cents=0.5), Written(called="Ada")],
    ids=["masked", "rounded", "renamed"],
)
def test_a_model_that_json_does_not_say_as_it_is_is_refused(
    client: TallyClient, sent: list[Any], payload: BaseModel
) -> None:
    kind = client.job_type("sync", type(payload))
    follow_up: Any = {"job_type": "other", "payload": payload}

    with pytest.raises(TypeError, match=f"a {type(payload).__name__} does not come back from JSON"):
        kind.enqueue(payload)
    with pytest.raises(TypeError, match="does not come back"):
        kind.enqueue_many([payload])
    with pytest.raises(TypeError, match="does not come back"):
        client.job_type("sync", dict).enqueue({}, on_success=follow_up)

    assert sent == []


def test_a_model_is_sent_with_what_was_set_or_with_all_where_that_is_less(
    client: TallyClient, sent: list[Any]
) -> None:
    changed = Visit(on=date(2026, 1, 27))
    changed.notes.append("late")
    for payload in (Login(user="Ada"), Visit(on=date(2026, 1, 27)), changed):
        client.job_type("sync", type(payload)).enqueue(payload)

    assert [job["payload"] for job in sent] == [
        {"user": "Ada"},
        {"on": "2026-01-27"},
        {"on": "2026-01-27", "notes": ["late"]},
    ]


def test_a_body_without_an_end_is_refused(client: TallyClient, sent: list[Any]) -> None:
    body: list[Any] = []
    for _ in range(100_000):
        body = [body]

    with pytest.raises(TypeError) as refused:
        client.enqueue("sync", {"of": body})

    assert str(refused.value) == "the body is nested too deeply for JSON, or contains itself"
    assert sent == []


@pytest.mark.parametrize("key", ["ключ", "a\nb", "a b", "x" * 129])
def test_a_key_that_no_header_holds_is_refused_by_name(
    client: TallyClient, sent: list[Any], key: str
) -> None:
    with pytest.raises(ValueError, match="idempotency_key") as of_a_name:
        client.enqueue("sync", idempotency_key=key)
    with pytest.raises(ValueError, match="idempotency_key") as of_a_type:
        client.job_type("sync", dict).enqueue({}, idempotency_key=key)

    told = "idempotency_key must be 1 to 128 visible ASCII characters"
    assert [str(of_a_name.value), str(of_a_type.value)] == [told, told]
    assert sent == []


@pytest.mark.parametrize("states", [["finished", "failed"], {"finished"}, {"finished": 1}])
def test_several_values_of_one_condition_are_refused(
    client: TallyClient, sent: list[Any], states: Any
) -> None:
    with pytest.raises(TypeError) as refused:
        next(client.search(state=states))

    kind = type(states).__name__
    assert str(refused.value) == f"state is one value, not a {kind}: ask for each by itself"
    assert sent == []
