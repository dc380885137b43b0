"""So many requests a second for each name, with so many at once."""

from __future__ import annotations

import pytest

from backend.api.access.rate_limit import RateLimit


class Watch:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def watch() -> Watch:
    return Watch()


def test_a_burst_passes_and_one_more_does_not(watch: Watch) -> None:
    limit = RateLimit(10, 5, watch)

    passed = [limit.take("a").passed for _ in range(6)]

    assert passed == [True] * 5 + [False]


def test_it_says_what_is_left_and_when_to_go_on(watch: Watch) -> None:
    limit = RateLimit(10, 5, watch)

    left = [limit.take("a").remaining for _ in range(5)]
    refused = limit.take("a")

    assert left == [4, 3, 2, 1, 0]
    assert refused.retry_after == pytest.approx(0.1)


def test_a_place_comes_back_with_time(watch: Watch) -> None:
    limit = RateLimit(10, 5, watch)
    for _ in range(5):
        limit.take("a")

    watch.now += 0.11

    assert limit.take("a").passed
    assert not limit.take("a").passed


def test_over_a_long_time_no_more_pass_than_the_rate_allows(watch: Watch) -> None:
    limit = RateLimit(50, 10, watch)
    passed = 0

    for _ in range(10_000):
        watch.now += 0.001
        passed += limit.take("a").passed

    assert 500 <= passed <= 511


def test_names_do_not_share_a_limit(watch: Watch) -> None:
    limit = RateLimit(1, 1, watch)
    limit.take("a")

    assert limit.is_spent("a")
    assert not limit.is_spent("b")
    assert limit.take("b").passed


def test_without_a_rate_there_is_no_limit(watch: Watch) -> None:
    limit = RateLimit(0, 1, watch)

    assert all(limit.take("a").passed for _ in range(1000))


def test_a_thousand_names_a_second_do_not_grow_it_without_end(watch: Watch) -> None:
    limit = RateLimit(100, 1, watch)

    for number in range(120_000):
        watch.now += 0.001
        limit.take(str(number))

    assert len(limit._arrivals) <= 50_000
