"""Models as payloads: most are taken as they are, and whatever might not come back equal is compared."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, computed_field, field_serializer

from backend.domain.errors import InvalidPayload
from backend.domain.jobs.job_type import JobType, JobTypeCatalogue
from backend.services.jobs.job_intake import IntakeRules, JobIntake
from tests.effort import calls_of
from tests.unit.scheduler.builders import NOON, nothing


class Plain(BaseModel):
    model_config = ConfigDict(frozen=False, extra="forbid")

    name: str
    count: int = 1
    share: float | None = None
    is_vip: bool = False


def _intake(model: type[BaseModel]) -> JobIntake:
    kinds = [JobType("do", nothing, payload=model)]
    return JobIntake(
        JobTypeCatalogue(kinds), IntakeRules(), new_id=lambda: "new-id", now=lambda: NOON
    )


def _payload_of(given: BaseModel) -> str:
    return _intake(type(given)).check("do", given, None, {}).payload


@pytest.mark.parametrize(
    ("fields", "payload"),
    [
        ({"name": "Ada"}, '{"name":"Ada"}'),
        ({"name": "Ada", "count": 1}, '{"name":"Ada","count":1}'),
        ({"share": 0.5, "name": "Ada"}, '{"name":"Ada","share":0.5}'),
        (
            {"name": "Ada", "share": None, "is_vip": True},
            '{"name":"Ada","share":null,"is_vip":true}',
        ),
        ({"name": "Ada", "share": 1}, '{"name":"Ada","share":1.0}'),
    ],
)
def test_what_was_set_is_kept_in_the_order_of_the_fields(
    fields: dict[str, Any], payload: str
) -> None:
    assert _payload_of(Plain(**fields)) == payload


def test_what_is_assigned_later_counts_as_set() -> None:
    plain = Plain(name="Ada")
    plain.count = 7

    assert _payload_of(plain) == '{"name":"Ada","count":7}'


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
@pytest.mark.parametrize(("name", "value"), [("name", 5), ("count", "many"), ("is_vip", None)])
def test_what_is_assigned_and_does_not_fit_is_refused(name: str, value: Any) -> None:
    plain = Plain(name="Ada")
    setattr(plain, name, value)

    with pytest.raises(InvalidPayload, match=name):
        _payload_of(plain)


def test_a_number_that_is_none_to_json_is_refused() -> None:
    with pytest.raises(InvalidPayload, match="share is nan, which is no number to JSON"):
        _payload_of(Plain(name="Ada", share=float("nan")))


def test_what_was_made_without_a_check_is_checked() -> None:
    with pytest.raises(InvalidPayload, match="name: Field required"):
        _payload_of(Plain.model_construct(count=3))


def test_a_default_that_was_put_in_past_the_model_is_written_out() -> None:
    plain = Plain.model_construct(_fields_set={"name"}, name="Ada", count=9)

    assert '"count":9' in _payload_of(plain)


class Bounded(BaseModel):
    count: int = Field(1, le=10)


class Listing(BaseModel):
    names: list[str] = []


class Named(BaseModel):
    name: str = Field(serialization_alias="as", validation_alias="as")


class Shouted(BaseModel):
    name: str

    @field_serializer("name")
    def _shout(self, name: str) -> str:
        return name.upper()


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")

    name: str


class Counting(BaseModel):
    name: str
    _seen: int = PrivateAttr(0)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def length(self) -> int:
        return len(self.name)


class Dumping(BaseModel):
    name: str

    def model_dump(self, **_: Any) -> dict[str, Any]:
        return {"name": "another"}


class Trimmed(BaseModel):
    model_config = ConfigDict(str_to_lower=True)

    name: str


def test_a_bound_that_an_assignment_broke_is_seen() -> None:
    bounded = Bounded()
    bounded.count = 11

    with pytest.raises(InvalidPayload, match="less than or equal to 10"):
        _payload_of(bounded)


def test_a_default_that_was_changed_in_its_place_is_written_out() -> None:
    listing = Listing()
    listing.names.append("Ada")

    assert _payload_of(listing) == '{"names":["Ada"]}'


def test_models_with_ways_of_their_own_go_their_way() -> None:
    opened = Open.model_validate({"name": "Ada", "more": 1})

    assert _payload_of(Named.model_validate({"as": "Ada"})) == '{"as":"Ada"}'
    assert _payload_of(opened) == '{"name":"Ada","more":1}'
    assert _payload_of(Counting(name="Ada")) == '{"name":"Ada"}'


def test_a_model_that_writes_something_else_than_it_has_is_refused() -> None:
    lowered = Trimmed(name="Ada")
    lowered.name = "ADA"

    for given in (Shouted(name="Ada"), Dumping(name="Ada"), lowered):
        with pytest.raises(InvalidPayload, match="does not come back from JSON as it was"):
            _payload_of(given)


def test_a_plain_model_costs_no_more_than_the_mapping_that_it_stands_for() -> None:
    intake, model, mapping = _intake(Plain), Plain(name="Ada", count=2), {"name": "Ada", "count": 2}
    intake.check("do", model, None, {})

    as_model = calls_of(lambda: intake.check("do", model, None, {}))

    assert as_model <= calls_of(lambda: intake.check("do", mapping, None, {})) + 4
