"""Who goes next to a destination that was away, and when."""

from __future__ import annotations

import pytest

from backend.domain.jobs.options.breaker_state import BreakerStatus
from tests.contract.broker.scene import Scene
from tests.contract.broker.test_breakers import bound, fail, half_open, parked, status, tripped


@pytest.mark.parametrize("is_back", [True, False])
def test_a_newcomer_takes_nobodys_turn_before_the_alarm_has_rung(
    scene: Scene, is_back: bool
) -> None:
    if is_back:
        probe, [_, *waiting] = half_open(scene, 3)
        scene.settle(probe, "finished")
        assert len(scene.claim(1)) == 1
    else:
        tripped(scene, 2)
        assert scene.claim(9) == []
        waiting = parked(scene)
    scene.broker.pass_time(301)
    scene.accept(bound())

    assert scene.claimed_ids(1) == waiting[:1]


def test_the_longest_that_it_asks_for_holds_whatever_else_is_heard_meanwhile(scene: Scene) -> None:
    """As hatchet #4880: each of its jobs had a wait of its own, and the next one was sent at once."""
    scene.accept(*(bound() for _ in range(5)))
    held = scene.claim(5)
    for each, seconds in zip(held, (60.0, 6000.0, 60.0, 0.0), strict=False):
        fail(scene, each, retry_after=seconds)
    scene.settle(held[4], "finished")
    scene.broker.pass_time(5900)
    scene.promote()
    assert (status(scene), scene.claim(9)) == (BreakerStatus.OPEN, [])
    scene.broker.pass_time(101)
    scene.promote()

    assert len(scene.claim(9)) == 1


def test_a_failure_that_was_under_way_before_it_opened_ends_no_probe(scene: Scene) -> None:
    scene.accept(bound())
    [early] = scene.claim(1)
    probe, _ = half_open(scene)

    fail(scene, early)

    assert status(scene) is BreakerStatus.HALF_OPEN
    assert scene.view(early.id).failures == 0
    scene.settle(probe, "finished")
    assert status(scene) is BreakerStatus.RAMPING


@pytest.mark.parametrize("kind", ["returned", "released", "snoozed", "suspected"])
def test_a_probe_that_says_nothing_of_the_destination_closes_nothing(
    scene: Scene, kind: str
) -> None:
    probe, waiting = half_open(scene)

    scene.settle(probe, kind)

    assert status(scene) is BreakerStatus.HALF_OPEN
    assert len(scene.claim(9)) == 1
    assert waiting
