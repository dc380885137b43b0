"""When a failed attempt is tried again."""

from __future__ import annotations

import pytest

from backend.domain.errors import InvalidOption
from backend.domain.jobs.attempts.retry_policy import DEFAULT_DELAYS, RetryPolicy

MIDDLE = 0.5


def test_the_platform_retries_after_one_five_and_fifteen_minutes() -> None:
    policy = RetryPolicy()

    assert [policy.delay_after(n, MIDDLE) for n in (1, 2, 3)] == [60, 300, 900]
    assert DEFAULT_DELAYS == (60, 300, 900)
    assert policy.max_attempts == 4


@pytest.mark.parametrize(
    ("delays", "retries", "attempts"),
    [((1.0, 2.0), None, 3), ((), None, 1), ((1.0,), 5, 6), ((1.0, 2.0), 0, 1), ((), 2, 3)],
)
def test_attempts_are_the_first_one_and_its_retries(
    delays: tuple[float, ...], retries: int | None, attempts: int
) -> None:
    assert RetryPolicy(delays, retries).max_attempts == attempts


def test_retries_beyond_the_list_wait_as_long_as_its_last() -> None:
    policy = RetryPolicy((1.0, 10.0), 9, jitter=0)

    assert [policy.delay_after(n, MIDDLE) for n in (2, 3, 9)] == [10, 10, 10]


def test_without_delays_the_next_try_comes_at_once() -> None:
    assert RetryPolicy((), 3).delay_after(1, MIDDLE) == 0


@pytest.mark.parametrize(("chance", "delay"), [(0.0, 90), (0.5, 100), (0.999999, 110)])
def test_chance_places_the_delay_inside_the_jitter(chance: float, delay: float) -> None:
    policy = RetryPolicy((100.0,), jitter=0.1)

    assert policy.delay_after(1, chance) == pytest.approx(delay, rel=1e-4)


@pytest.mark.parametrize("jitter", [0.0, 1.0])
def test_a_delay_is_never_negative(jitter: float) -> None:
    assert RetryPolicy((5.0,), jitter=jitter).delay_after(1, 0.0) >= 0


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"delays": (1.0, -1.0)}, "retry_delays"),
        ({"max_retries": -1}, "max_retries"),
        ({"jitter": 1.5}, "jitter"),
        ({"jitter": -0.1}, "jitter"),
    ],
)
def test_an_impossible_policy_is_refused_by_name(fields: dict[str, object], named: str) -> None:
    with pytest.raises(InvalidOption, match=named):
        RetryPolicy(**fields)  # type: ignore[arg-type]
