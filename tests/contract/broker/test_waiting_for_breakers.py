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
    scene.accept(*(bound() for _ in range(4)))
    first, second, third, fourth = scene.claim(4)
    fail(scene, first, retry_after=6000.0)
    fail(scene, second, retry_after=60.0)
    fail(scene, third)
    scene.settle(fourth, "finished")
    scene.broker.pass_time(5900)
    scene.promote()
    assert (status(scene), scene.claim(9)) == (BreakerStatus.OPEN, [])
    scene.broker.pass_time(101)
    scene.promote()

    assert len(scene.claim(9)) == 1
