"""In which order a worker looks at its queues."""

from __future__ import annotations

from collections import Counter

import pytest

from workers.runtime.slots.claim_order import ClaimOrder

WEIGHTS = {"high": 7, "normal": 2, "low": 1}


def _guaranteed(order: ClaimOrder, claims: int, most: int = 1) -> Counter[str]:
    """How many jobs each queue was guaranteed in so many claims."""
    given: Counter[str] = Counter()
    for _ in range(claims):
        given.update({entry.queue: entry.guaranteed for entry in order.plan(most)})
    return given


def test_priorities_come_strictly_in_order() -> None:
    queues = [entry.queue for entry in ClaimOrder(["default"], WEIGHTS).plan(5)]

    assert queues == ["high", "normal", "low"]


@pytest.mark.parametrize("most", [1, 3, 10, 32])
def test_lower_priorities_are_guaranteed_their_share(most: int) -> None:
    given = _guaranteed(ClaimOrder(["default"], WEIGHTS), 1000, most)

    assert given["low"] == pytest.approx(100 * most, abs=most)
    assert given["normal"] == pytest.approx(200 * most, abs=most)
    assert given["high"] == 0


def test_low_is_never_passed_over_for_more_than_ten_claims_or_so() -> None:
    order = ClaimOrder(["default"], WEIGHTS)
    since, longest = 0, 0
    for _ in range(500):
        since = 0 if order.plan(1)[-1].guaranteed else since + 1
        longest = max(longest, since)

    assert longest <= 10


def test_no_claim_is_guaranteed_more_than_it_takes() -> None:
    order = ClaimOrder(["default"], WEIGHTS)

    assert all(entry.guaranteed <= 4 for _ in range(100) for entry in order.plan(4))


def test_credit_of_an_empty_queue_never_becomes_a_burst() -> None:
    order = ClaimOrder(["default"], {"high": 1, "normal": 0, "low": 1})
    for _ in range(1000):
        order.plan(1)

    assert order.plan(8)[-1].guaranteed <= 5


def test_lanes_of_one_priority_take_turns() -> None:
    order = ClaimOrder(["a", "b", "c"], WEIGHTS)

    first = [order.plan(1)[0].queue for _ in range(6)]

    assert Counter(first) == {"high:a": 2, "high:b": 2, "high:c": 2}
    assert len(set(first[:3])) == 3


def test_every_queue_of_every_lane_is_in_each_plan_once() -> None:
    order = ClaimOrder(["default", "email"], WEIGHTS)

    for _ in range(4):
        queues = [entry.queue for entry in order.plan(2)]
        assert sorted(queues) == sorted({f"{p}{lane}" for p in WEIGHTS for lane in ("", ":email")})
        assert queues[:2] in (["high", "high:email"], ["high:email", "high"])


@pytest.mark.parametrize("lanes", [["a", "b"], ["a", "b", "c", "d", "e"]])
def test_the_low_queue_of_every_lane_gets_its_part_of_the_share(lanes: list[str]) -> None:
    given = _guaranteed(ClaimOrder(lanes, WEIGHTS), 1000)

    shares = {lane: given[f"low:{lane}"] for lane in lanes}
    assert min(shares.values()) >= 0.5 * 100 / len(lanes), shares


def test_without_weights_the_order_is_strict() -> None:
    assert sum(_guaranteed(ClaimOrder(["a"], {}), 100).values()) == 0
