"""One answer for all who look within a moment."""

from __future__ import annotations

from typing import Any

import pytest

from backend.dashboard.fresh import Fresh
from backend.domain.errors import HistoryUnavailable
from tests.unit.dashboard.clock_by_hand import ClockByHand


@pytest.fixture
def clock() -> ClockByHand:
    return ClockByHand()


@pytest.fixture
def fresh(clock: ClockByHand) -> Fresh[Any]:
    return Fresh(clock.monotonic, 2.0)


def test_what_was_just_made_is_not_made_again(fresh: Fresh[Any], clock: ClockByHand) -> None:
    made: list[int] = []

    def make() -> int:
        made.append(1)
        return len(made)

    assert [fresh.get("a", make), fresh.get("a", make), fresh.get("b", make)] == [1, 1, 2]
    clock.move(3)
    assert fresh.get("a", make) == 3


def test_that_a_store_is_away_is_remembered_for_a_moment(
    fresh: Fresh[Any], clock: ClockByHand
) -> None:
    asked: list[int] = []

    def make() -> int:
        asked.append(1)
        raise HistoryUnavailable("away")

    for _ in range(3):
        with pytest.raises(HistoryUnavailable):
            fresh.get("a", make)
    assert len(asked) == 1


def test_a_mistake_of_ours_is_not_kept(fresh: Fresh[Any]) -> None:
    def wrong() -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fresh.get("a", wrong)
    assert fresh.get("a", lambda: 1) == 1
