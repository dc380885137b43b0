"""One answer for all who look within a moment."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from backend.dashboard.drawing.ttl_cache import Fresh
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


def test_who_waits_for_one_answer_keeps_nobody_from_another(fresh: Fresh[Any]) -> None:
    begun, over = threading.Event(), threading.Event()

    def hang() -> int:
        begun.set()
        over.wait()
        return 1

    hanging = threading.Thread(target=fresh.get, args=("postgres", hang), daemon=True)
    hanging.start()
    assert begun.wait(60)
    quick: list[int] = []
    other = threading.Thread(
        target=lambda: quick.append(fresh.get("redis", lambda: 2)), daemon=True
    )
    other.start()
    other.join(60)
    over.set()
    hanging.join(60)

    assert quick == [2]


def test_of_many_who_ask_at_once_one_makes_the_answer(fresh: Fresh[Any]) -> None:
    begun, over, made = threading.Event(), threading.Event(), []

    def make() -> int:
        made.append(1)
        begun.set()
        over.wait(60)
        return 1

    asking = [threading.Thread(target=fresh.get, args=("a", make), daemon=True) for _ in range(5)]
    for thread in asking:
        thread.start()
    assert begun.wait(60)
    over.set()
    for thread in asking:
        thread.join(60)

    assert made == [1]


def test_locks_of_names_that_nobody_asks_for_any_more_are_dropped(fresh: Fresh[Any]) -> None:
    for number in range(1200):
        fresh.get(number, lambda: 1)

    assert len(fresh._locks) <= 500
