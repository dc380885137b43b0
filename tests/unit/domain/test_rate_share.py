"""What a job takes of its rates, as Redis and the record keep it; and when it may start then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend.domain.errors import InvalidOption
from backend.domain.jobs.options.rate import Rate, RateState
from backend.domain.jobs.options.rate_share import ONE, RateShare, share_in

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "share",
    [
        ONE,
        RateShare(7),
        RateShare(1, 5, "crm:a", Rate(100, 60.0, 10)),
        RateShare(2, 5, "crm:a/b:c/", Rate(100, 0.5, 1)),
    ],
)
def test_it_is_read_as_it_was_written(share: RateShare) -> None:
    assert share_in(share.text) == share


@pytest.mark.parametrize("text", ["", "x", "1.5", "x/1/6/60/1/k"])
def test_what_tells_nothing_takes_one(text: str) -> None:
    assert share_in(text) == ONE


@pytest.mark.parametrize("text", ["2/x/6/60/1/k", "2/3/6/60", "2/3/plenty/60/1/k"])
def test_what_tells_no_rate_of_a_key_takes_of_its_types(text: str) -> None:
    assert share_in(text) == RateShare(2)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"name": "crm"}, "name and optional are of a rate by key: say by what, or leave them out"),
        (
            {"optional": True},
            "name and optional are of a rate by key: say by what, or leave them out",
        ),
        ({"by": ""}, "by is the field of the payload that tells the key, or a function"),
        ({"by": 7}, "by is the field of the payload that tells the key, or a function"),
        ({"weight": ""}, "weight is the field of the payload that tells it, or a function"),
        ({"weight": 7}, "weight is the field of the payload that tells it, or a function"),
        (
            {"by": "a", "name": "a:b"},
            "name is 1 to 64 letters, digits, dots, dashes or underscores",
        ),
    ],
)
def test_what_could_not_be_a_rate_is_refused(said: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidOption) as refused:
        Rate(100, 60, **said)

    assert str(refused.value) == words


@pytest.mark.parametrize(
    ("spoken_seconds", "units", "ahead_seconds"),
    [
        # Ten in ten seconds, one at once: one a second. All of the burst is there.
        (-5, 1, 0),
        (-5, 3, 2),
        # Spoken for until in four seconds.
        (4, 1, 4),
        (4, 3, 6),
    ],
)
def test_when_a_job_may_start_follows_from_all_that_go_before(
    spoken_seconds: float, units: int, ahead_seconds: float
) -> None:
    state = RateState(Rate(10, 10.0, 1), 0, None, NOW + timedelta(seconds=spoken_seconds))

    assert state.starts_at(units, NOW) == NOW + timedelta(seconds=ahead_seconds)


def test_a_burst_starts_at_once() -> None:
    state = RateState(Rate(10, 10.0, 5), 0, None, NOW)

    assert state.starts_at(5, NOW) == NOW
    assert state.starts_at(6, NOW) > NOW
