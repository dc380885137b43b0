"""One worker process of a host is on duty, and another takes over from one that is not at it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from workers.runtime.supervision.duty_roster import DutyRoster


@pytest.fixture
def roster() -> Iterator[DutyRoster]:
    made = DutyRoster.create()
    yield made
    made.close()


def test_the_first_that_asks_is_on_duty_and_stays_so(roster: DutyRoster) -> None:
    other = DutyRoster(roster.descriptor)

    taken = [(roster.take(1, now), other.take(2, now + 0.5)) for now in (100.0, 101.0, 105.0)]

    assert taken == [(True, False)] * 3


def test_who_stands_still_loses_its_turn(roster: DutyRoster) -> None:
    assert roster.take(1, 100.0)

    assert not roster.take(2, 105.0)
    assert roster.take(2, 107.0)
    assert not roster.take(1, 108.0)


def test_who_has_ended_is_followed_at_once(roster: DutyRoster) -> None:
    assert roster.take(1, 100.0)

    roster.leave(2)
    assert not roster.take(2, 100.5)
    roster.leave(1)

    assert roster.take(2, 100.5)


def test_nobody_was_at_it_yet(roster: DutyRoster) -> None:
    assert roster.said() == (0.0, "")


@pytest.mark.parametrize(
    ("told", "said"), [("", ""), ("Redis: BUSY …", "Redis: BUSY …"), ("x" * 5000, "x" * 996)]
)
def test_what_redis_told_is_there_for_all(roster: DutyRoster, told: str, said: str) -> None:
    roster.say("something longer than nothing", 100.0)

    roster.say(told, 101.5)

    assert DutyRoster(roster.descriptor).said() == (101.5, said)
