"""Signals that come together are one request; apart, they are two."""

from __future__ import annotations

import pytest

from workers.runtime.supervision.stop_requests import ONE_REQUEST_SECONDS, StopRequests


class Clock:
    """Time that stands still until it is told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def requests(clock: Clock) -> StopRequests:
    return StopRequests(clock)


def test_nothing_is_asked_at_first(requests: StopRequests) -> None:
    assert (requests.stopping, requests.hurried, requests.wait(0)) == (False, False, False)


def test_signals_within_the_time_are_one_request(requests: StopRequests, clock: Clock) -> None:
    for _ in range(5):
        requests.signal()
        clock.now += (ONE_REQUEST_SECONDS - 0.01) / 4

    assert (requests.stopping, requests.hurried, requests.wait(0)) == (True, False, True)


def test_a_signal_after_it_hurries(requests: StopRequests, clock: Clock) -> None:
    requests.signal()
    clock.now = ONE_REQUEST_SECONDS
    requests.signal()

    assert requests.hurried


def test_a_signal_long_after_a_request_that_was_none_hurries_too(
    requests: StopRequests, clock: Clock
) -> None:
    requests.ask()
    clock.now = 60
    requests.ask()
    assert not requests.hurried

    requests.signal()

    assert requests.hurried


def test_who_waits_hears_of_it_ever_after(requests: StopRequests) -> None:
    requests.ask()

    assert [requests.wait(0), requests.wait(0)] == [True, True]


def test_hurry_is_a_request_as_well(requests: StopRequests) -> None:
    requests.hurry()

    assert (requests.stopping, requests.hurried) == (True, True)
