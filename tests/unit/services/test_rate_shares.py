"""What a job takes of its rates, and of whose: told by its payload, refused where that cannot be."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from backend.domain.errors import InvalidOption
from backend.domain.jobs.job import NewJob
from backend.domain.jobs.job_id import place, place_of_key
from backend.domain.jobs.job_type import JobType
from backend.domain.jobs.options.rate import Rate
from backend.domain.jobs.options.rate_share import RateShare, share_in
from backend.domain.jobs.published_type import job_type_of, text_of
from backend.services.jobs.shares.rate_shares import with_rate_share
from tests.contract.broker.jobs import new_job
from workers.job_types.arguments import model_of_arguments


class Call(BaseModel):
    """A payload."""

    account: str
    calls: int = 3


BY_ACCOUNT = Rate(100, 60, by="account", weight="calls")
TELLS: dict[str, Any] = {"by": lambda call: call.account, "weight": lambda call: call.calls * 2}


def _kind(**said: Any) -> JobType:
    return JobType("call_crm", lambda *_: None, **said)


def _shared(said_in: Any, job: NewJob | None = None, **said: Any) -> NewJob:
    return with_rate_share(job or new_job(), _kind(**said), said_in, own_id=job is not None)


def _share(said_in: Any, **said: Any) -> RateShare:
    return share_in(_shared(said_in, **said).options["rate_share"])


@pytest.mark.parametrize(
    ("rate", "payload", "model", "share"),
    [
        (BY_ACCOUNT, {"account": "acme", "calls": 5}, None, (1, 5, "call_crm:acme")),
        (BY_ACCOUNT, {"account": "acme"}, Call, (1, 3, "call_crm:acme")),
        (BY_ACCOUNT, Call(account="acme"), Call, (1, 3, "call_crm:acme")),
        (Rate(100, 60, by="account", name="crm"), {"account": 7}, None, (1, 1, "crm:7")),
        (Rate(100, 60, **TELLS), {"account": "a/b:c"}, Call, (1, 6, "call_crm:a/b:c")),
    ],
)
def test_key_and_weight_are_told_by_fields_or_functions(
    rate: Rate, payload: Any, model: Any, share: tuple[int, int, str]
) -> None:
    found = _share(payload, keyed_rate=rate, payload=model)

    assert found == RateShare(*share, Rate(100, 60.0, 10))


def test_who_has_not_the_code_tells_key_and_weight_by_the_schema() -> None:
    def call(account: str = "acme", calls: int = 3) -> None: ...

    for model in (Call, model_of_arguments(call)):
        kind = _kind(keyed_rate=BY_ACCOUNT, payload=model)
        elsewhere = job_type_of("call_crm", text_of(kind))
        for each in (kind, elsewhere):
            payload = {"account": "acme"} if model is Call else {}
            job = with_rate_share(new_job(), each, payload, own_id=False)
            share = share_in(job.options["rate_share"])
            assert (share.own_weight, share.key) == (3, "call_crm:acme")


def test_a_rate_of_the_type_has_weights_too() -> None:
    rate = Rate(1000, 60, weight="tokens")

    assert _share({"tokens": 100}, rate=rate) == RateShare(100)


def test_the_two_are_told_apart() -> None:
    share = _share(
        {"account": "acme", "calls": 5, "tokens": 9},
        rate=Rate(1000, 60, weight="tokens"),
        keyed_rate=BY_ACCOUNT,
    )

    assert (share.weight_at("call_crm"), share.weight_at("call_crm:acme")) == (9, 5)


@pytest.mark.parametrize("value", [None, "", True, 1.5, ["a"]])
def test_a_job_that_tells_no_key_is_refused_and_never_shares_anybodys_rate(value: Any) -> None:
    with pytest.raises(InvalidOption, match="have a rate by key") as refused:
        _shared({"account": value}, keyed_rate=Rate(100, 60, by="account"))
    assert refused.value.details["field"] == "payload.account"

    optional = Rate(100, 60, by="account", optional=True)
    assert _share({"account": value}, keyed_rate=optional) == RateShare()


@pytest.mark.parametrize(
    ("value", "told"),
    [(None, "none"), (0, "0"), (-1, "-1"), (1.5, "1.5"), (True, "True"), ("5", "a str")],
)
def test_a_weight_is_a_whole_number_of_at_least_one(value: Any, told: str) -> None:
    with pytest.raises(InvalidOption) as refused:
        _shared({"account": "a", "calls": value}, keyed_rate=BY_ACCOUNT)

    assert str(refused.value) == (
        "how much a job of the type 'call_crm' takes of its rate is a whole number of at least 1, and "
        f"payload.calls tells {told}"
    )


def test_a_weight_that_no_burst_will_ever_have_is_refused() -> None:
    with pytest.raises(InvalidOption) as refused:
        _shared({"account": "a", "calls": 11}, keyed_rate=BY_ACCOUNT)

    assert str(refused.value) == (
        "this job takes 11 of the rate of each key of the job type 'call_crm', 100 in 60 s, of which no "
        "more than 10 may start at once: it would never start. Split it, or declare the rate with a burst "
        "of at least 11"
    )
    assert refused.value.details["field"] == "payload.calls"
    assert _share({"account": "a", "calls": 10}, keyed_rate=BY_ACCOUNT).own_weight == 10


def test_what_the_authors_functions_raise_is_said() -> None:
    with pytest.raises(InvalidOption, match=r"keyed rate .* cannot tell the key: KeyError"):
        _shared({}, keyed_rate=Rate(9, 1, by=lambda call: call["account"]))
    with pytest.raises(InvalidOption, match=r"rate .* cannot tell the weight: KeyError"):
        _shared({}, rate=Rate(9, 1, weight=lambda call: call["calls"]))


def test_a_job_is_placed_by_its_key_unless_its_id_or_a_limit_places_it() -> None:
    rate = Rate(100, 60, by="account")
    fresh = new_job("0193e5a0-0000-7000-8000-000000000000")
    placed = with_rate_share(fresh, _kind(keyed_rate=rate), {"account": "a"}, own_id=False)
    limited = fresh._replace(limit_key="crm:a", limit=1)

    assert place(placed.id) == place_of_key("call_crm:a")
    for job, own_id in ((fresh, True), (limited, False)):
        kept = with_rate_share(job, _kind(keyed_rate=rate), {"account": "a"}, own_id=own_id)
        assert kept.id == fresh.id


@pytest.mark.parametrize(
    "rates",
    [
        {"rate": Rate(100, 60.0, 5, weight="calls")},
        {"keyed_rate": Rate(100, 60.0, 5, by="a", name="crm", optional=True, weight="calls")},
        {"rate": Rate(9, 1.0, 1), "keyed_rate": Rate(8, 1.0, 1, by="a")},
    ],
)
def test_other_processes_hear_of_it(rates: dict[str, Rate]) -> None:
    kind = _kind(**rates)

    heard = job_type_of("call_crm", text_of(kind))

    assert (heard.rate, heard.keyed_rate) == (kind.rate, kind.keyed_rate)


@pytest.mark.parametrize(
    "rates",
    [
        {"rate": Rate(9, 1, weight=lambda _: 1)},
        {"keyed_rate": Rate(9, 1, by=lambda _: "a")},
        {"keyed_rate": Rate(9, 1, by="a", weight=lambda _: 1)},
    ],
)
def test_who_has_not_the_code_cannot_tell_what_a_function_tells(rates: dict[str, Rate]) -> None:
    elsewhere = job_type_of("call_crm", text_of(_kind(**rates)))

    with pytest.raises(InvalidOption, match="only processes that have the code"):
        with_rate_share(new_job(), elsewhere, {"a": "x"}, own_id=True)
