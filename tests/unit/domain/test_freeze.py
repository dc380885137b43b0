"""What a freeze may be, and how it is kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from backend.domain.errors import InvalidOption
from backend.domain.schedules.freeze import (
    Freeze,
    FrozenWindow,
    TicksInside,
    freeze_in,
    things_of,
)

NOW = datetime(2026, 11, 30, 22, tzinfo=UTC)
ONCE = {"starts_at": NOW, "ends_at": NOW + timedelta(hours=2)}
AGAIN = {"cron": "0 22 * * *", "length_seconds": 3600.0}


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({**ONCE, "name": "Nightly!"}, "name"),
        ({**ONCE, "name": "x" * 65}, "name"),
        ({**ONCE, "what": "queue:"}, "what"),
        ({**ONCE, "what": "worker:w1"}, "what"),
        ({}, "from"),
        ({"starts_at": NOW}, "from"),
        ({"ends_at": NOW}, "from"),
        ({"starts_at": NOW, "ends_at": NOW}, "until"),
        ({**ONCE, **AGAIN}, "cron"),
        ({"cron": "0 22 * * *"}, "length_seconds"),
        ({**ONCE, "ends_at": NOW + timedelta(days=40)}, "length_seconds"),
        ({**ONCE, "ramp_seconds": -1.0}, "ramp_seconds"),
        ({**ONCE, "ticks": "nope"}, "ticks"),
        ({**ONCE, "ends_at": "2026-12-01T00:00"}, "until"),
        ({**ONCE, "what": "tenant:" + "x" * 600}, "tenant"),
        ({**ONCE, "what": "tenant:a\x1fb"}, "tenant"),
        ({**ONCE, "what": "tenant:\ud800"}, "tenant"),
    ],
)
def test_what_it_may_not_be_is_named(said: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidOption) as refused:
        Freeze(**{"name": "nightly", "what": "queue:low", **said})

    assert refused.value.details["field"] == field


@pytest.mark.parametrize(
    "said", [ONCE, AGAIN, {**AGAIN, "time_zone": "Europe/Paris", "ticks": TicksInside.SKIP}]
)
@pytest.mark.parametrize("ramp", [0.0, 300.0])
def test_what_is_kept_of_it_is_all_of_it(said: dict[str, Any], ramp: float) -> None:
    freeze = Freeze("nightly", "tenant:Müller | Söhne", ramp_seconds=ramp, **said)

    assert freeze_in(freeze.text) == freeze


def test_instants_of_any_zone_are_kept_in_utc() -> None:
    paris = timezone(timedelta(hours=1))
    freeze = Freeze("n", "lane:email", NOW.astimezone(paris), NOW + timedelta(hours=1))

    assert "+01:00" not in freeze.text
    assert freeze.when_words == "2026-11-30 22:00 to 2026-11-30 23:00 UTC"


def test_a_naive_datetime_means_utc_and_a_word_is_as_good_as_its_name() -> None:
    naive = Freeze(
        "n", "lane:email", NOW.replace(tzinfo=None), NOW + timedelta(hours=1), ticks="skip"
    )

    assert naive == Freeze("n", "lane:email", NOW, NOW + timedelta(hours=1), ticks=TicksInside.SKIP)
    assert freeze_in(naive.text) == naive


@pytest.mark.parametrize("text", ["", "1", "[]", "{}", '{"name": "n", "what": "?"}', '{"new": 1}'])
def test_what_is_no_freeze_is_none(text: str) -> None:
    assert freeze_in(text) is None


def test_a_window_holds_up_to_its_end_and_then_lets_out() -> None:
    window = FrozenWindow("n", "lane:email", NOW, NOW + timedelta(hours=1), 60)
    second = timedelta(seconds=1)

    at = [NOW - second, NOW, window.ends_at, window.ends_at + 60 * second]

    assert [window.holds(each) for each in at] == [False, True, False, False]
    assert [window.lets_out(each) for each in at] == [False, False, True, False]


def test_what_may_be_frozen_of_a_job() -> None:
    assert things_of("low:email", "send", "") == ("queue:low:email", "lane:email", "type:send")
    assert things_of("low", "greet", "acme")[-1] == "tenant:acme"
