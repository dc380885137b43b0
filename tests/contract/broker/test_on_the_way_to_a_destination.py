"""Who was let through a breaker and does not start holds up nobody for long, and no ramp for ever."""

from __future__ import annotations

import pytest

from backend.domain.jobs.options.breaker_state import BreakerStatus
from tests.contract.broker.scene import Scene
from tests.contract.broker.test_breakers import (
    HOST,
    bound,
    fail,
    half_open,
    parked,
    status,
    tripped,
)

EMAIL = "normal:email"


def _ramping(scene: Scene, jobs: int, queue: str = "normal") -> list[str]:
    """Who comes back to a destination that was closed by hand, more of them than are looked at."""
    scene.broker.breakers.open(HOST, by="ada")
    ids = scene.accept(*(bound(queue=queue) for _ in range(jobs)))
    while scene.queue(queue):
        assert scene.claim(200, (queue,)) == []
    scene.broker.breakers.close(HOST, by="ada")
    for _ in range(8):
        scene.broker.pass_time(1)
        scene.promote()
    assert len(scene.look.waiting(queue, 0, 999)) > 100
    return ids


def test_a_ramp_whose_jobs_are_all_withdrawn_ends_and_nothing_rings_any_more(scene: Scene) -> None:
    scene.cancel(*_ramping(scene, 200))

    for _ in range(3):
        scene.broker.pass_time(1)
        promotion = scene.broker.timetable.promote(10, 0)

    assert status(scene) is BreakerStatus.CLOSED
    assert (promotion.next_due, scene.broker.breakers.count()) == (None, 0)


def test_a_ramp_into_a_lane_that_nobody_serves_ends_within_a_minute(scene: Scene) -> None:
    ids = _ramping(scene, 120, EMAIL)
    scene.broker.pass_time(2)
    scene.promote()
    assert parked(scene) == []
    assert 0.04 < (scene.broker.timetable.promote(10, 0).next_due or 0) <= 60
    for _ in range(2):
        scene.broker.pass_time(61)
        scene.promote()

    assert status(scene) is BreakerStatus.CLOSED
    assert sorted(scene.claimed_ids(200, (EMAIL,))) == sorted(ids)


def test_a_newcomer_in_a_ramp_that_waits_for_others_comes_soon(scene: Scene) -> None:
    _ramping(scene, 120, EMAIL)
    scene.broker.pass_time(25)
    scene.promote()
    last = scene.accept(bound())
    started = scene.claimed_ids()
    scene.broker.pass_time(0.1)
    scene.promote()

    assert started + scene.claimed_ids() == last


def test_a_probe_in_a_lane_that_nobody_serves_is_waited_for_no_longer_than_a_minute(
    scene: Scene,
) -> None:
    scene.accept(bound(queue=EMAIL))
    others = tripped(scene)
    assert scene.claim(9, (EMAIL,)) == []
    assert scene.claim(9) == []
    scene.broker.pass_time(301)
    scene.promote()
    assert len(scene.queue(EMAIL)) == 1
    scene.broker.pass_time(40)
    promotion = scene.broker.timetable.promote(10, 0)
    assert scene.claim(9) == []
    assert 0 < (promotion.next_due or 0) < 21
    scene.broker.pass_time(21)
    scene.promote()

    [probe] = scene.claim(9)

    assert scene.claim(9, (EMAIL,)) == []
    assert scene.broker.breakers.find(HOST).probing == 1
    scene.settle(probe, "finished")
    assert status(scene) is BreakerStatus.RAMPING
    assert others


@pytest.mark.parametrize("back", [600, 100_000])
def test_a_clock_that_is_set_back_makes_no_rest_longer_than_it_was_to_be(
    scene: Scene, back: int
) -> None:
    tripped(scene)
    assert scene.claim(9) == []
    scene.broker.set_back(back)
    scene.accept(bound())
    assert scene.claim(9) == []

    scene.broker.pass_time(301)
    scene.promote()

    assert len(scene.claim(9)) == 1


def test_a_clock_that_is_set_back_does_not_stop_a_ramp(scene: Scene) -> None:
    probe, waiting = half_open(scene, 12)
    scene.settle(probe, "finished")
    scene.broker.set_back(600)
    waiting += scene.accept(bound())
    started = scene.claimed_ids(99)
    for _ in range(5):
        scene.broker.pass_time(1)
        scene.promote()
        started += scene.claimed_ids(99)

    assert sorted(started) == sorted(waiting)


def test_failures_of_before_a_clock_was_set_back_are_forgotten_in_time(scene: Scene) -> None:
    scene.accept(*(bound() for _ in range(3)))
    first, second, third = scene.claim(3)
    fail(scene, first)
    scene.broker.set_back(100_000)
    fail(scene, second)
    scene.broker.pass_time(601)

    fail(scene, third)

    assert status(scene) is BreakerStatus.CLOSED
