"""Numbers of a rate: what it refuses, how it is spread, and that it comes back from its text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.errors import InvalidOption
from backend.domain.jobs.options.rate import Rate, rate_in


@pytest.mark.parametrize(
    ("rate", "at_once", "every_us"),
    [
        (Rate(100, 1), 10, 10_990),
        (Rate(100, 1, 1), 1, 10_000),
        (Rate(5, 60), 1, 12_000_000),
        (Rate(5, 60, 5), 5, 60_000_000),
    ],
)
def test_the_rest_of_a_burst_is_spread_over_the_time(
    rate: Rate, at_once: int, every_us: int
) -> None:
    assert (rate.at_once, rate.every_us) == (at_once, every_us)


@pytest.mark.parametrize("numbers", [(0, 1), (1, 0), (10, 1, 11), (10, 1, 0), (True, 1), (1.5, 1)])
def test_numbers_that_make_no_rate_are_refused(numbers: tuple[int, ...]) -> None:
    with pytest.raises(InvalidOption):
        Rate(*numbers)


@given(st.integers(1, 10**6), st.floats(0.001, 10**6), st.data())
def test_a_rate_comes_back_from_its_text(limit: int, per: float, data: st.DataObject) -> None:
    rate = Rate(limit, float(f"{per:.6g}"), data.draw(st.none() | st.integers(1, limit)))

    again = rate_in(rate.text)

    assert again is not None
    assert (again.every_us, again.at_once) == (rate.every_us, rate.at_once)


@pytest.mark.parametrize("text", ["", "3", "1/2", "a/b/c", "0/1/1", "1/1/2"])
def test_what_is_no_rate_is_none(text: str) -> None:
    assert rate_in(text) is None
