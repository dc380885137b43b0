"""In which order those go on who wait behind a gate: by priority, and losers of a race first."""

from __future__ import annotations

import pytest

from tests.contract.broker.jobs import new_job
from tests.contract.broker.scene import Scene

ORDER = ("high", "normal", "low")


def _served(scene: Scene, jobs: int) -> list[str]:
    """Queues of the jobs that get the slot, one after the other."""
    served = []
    for _ in range(jobs):
        [held] = scene.claim(5)
        served.append(held.queue)
        scene.settle(held, "finished")
    return served


def test_high_goes_before_normal_before_low_behind_a_limit(scene: Scene) -> None:
    scene.do.limit("greet", 1)
    holder = scene.started()
    for queue in ("low", "normal", "high", "low", "high"):
        scene.accept(new_job(queue=queue))
        assert scene.claim() == []

    scene.settle(holder, "finished")

    assert _served(scene, 5) == ["high", "high", "normal", "low", "low"]


def test_every_tenth_comes_from_the_lowest_line(scene: Scene) -> None:
    scene.do.limit("greet", 1)
    holder = scene.started()
    scene.accept(
        *(new_job(queue="low") for _ in range(3)), *(new_job(queue="high") for _ in range(25))
    )
    assert scene.claim(40) == []

    scene.settle(holder, "finished")

    served = _served(scene, 28)
    assert [at for at, queue in enumerate(served, 1) if queue == "low"] == [10, 20, 28]


def test_the_same_holds_when_many_are_let_through_at_once(scene: Scene) -> None:
    scene.parked_by_limit()
    lows = scene.accept(*(new_job(queue="low") for _ in range(3)))
    highs = scene.accept(*(new_job(queue="high") for _ in range(25)))
    assert scene.claim(40) == []

    scene.do.limit("greet", 21)

    assert (scene.queue("high"), scene.queue("low")) == (highs[:18], lows[:2])
    assert scene.queue() == []


def test_those_behind_a_gate_are_listed_by_priority_and_in_their_order(scene: Scene) -> None:
    scene.do.pause("type:greet")
    ids = {
        queue: scene.accept(*(new_job(queue=queue) for _ in range(2))) for queue in reversed(ORDER)
    }
    scene.claim(10)
    behind = [job_id for queue in ORDER for job_id in ids[queue]]

    pages = [scene.look.parked("paused:greet", start, 4) for start in (0, 1, 4, 6)]

    assert pages == [behind[:4], behind[1:5], behind[4:], []]
    assert scene.look.gates() == ["paused:greet"]
    assert scene.look.gate("paused:greet") == ([], 6)
    assert sorted(scene.look.newest_parked(9)) == sorted(behind)


def test_who_loses_the_slot_to_a_more_urgent_job_is_the_next_again(scene: Scene) -> None:
    holder, first = scene.parked_by_limit()
    second = scene.waiting()
    assert scene.claim() == []
    scene.settle(holder, "finished")
    urgent = scene.waiting(queue="high")

    [held] = scene.claim(5)

    assert held.id == urgent
    assert scene.look.parked("type:greet", 0, 9) == [first, second]


def test_those_who_lost_together_keep_their_order(scene: Scene) -> None:
    scene.parked_by_limit()
    ids = scene.accept(*(new_job() for _ in range(4)))
    assert scene.claim(9) == []
    behind = scene.look.parked("type:greet", 0, 9)
    assert behind[1:] == ids
    scene.do.limit("greet", 4)
    assert scene.queue() == behind[:3]
    scene.do.limit("greet", 1)

    assert (scene.claim(1), scene.claim(9)) == ([], [])

    assert scene.look.parked("type:greet", 0, 9) == behind


def test_who_started_and_comes_again_is_the_last(scene: Scene) -> None:
    holder, job_id = scene.parked_by_limit()
    scene.settle(holder, "finished")
    [held] = scene.claim()
    others = scene.accept(*(new_job() for _ in range(2)))
    assert scene.claim(5) == []
    scene.settle(held, "retried", delay=1.0)
    [other] = scene.claim()
    scene.broker.pass_time(2)
    scene.promote()

    assert scene.claim() == []

    assert (other.id, scene.look.parked("type:greet", 0, 9)) == (others[0], [others[1], job_id])


def test_who_was_let_through_another_gate_stands_behind_the_others(scene: Scene) -> None:
    keyed = {"options": {"limit_key": "k", "limit": 1}, "limit_key": "k", "limit": 1}
    holder, waiting = scene.parked_by_limit()
    by_key = scene.started(job_type="other", **keyed)
    both = scene.waiting(**keyed)
    assert scene.claim() == []
    assert scene.look.parked("type:greet", 0, 9) == [waiting, both]
    scene.do.limit("greet", 0)
    assert [job.id for job in scene.claim(5)] == [waiting]
    assert scene.look.parked("key:k", 0, 9) == [both]
    scene.do.limit("greet", 1)
    last = scene.waiting()
    assert scene.claim() == []

    scene.settle(by_key, "finished")
    assert scene.claim() == []

    assert scene.look.parked("type:greet", 0, 9) == [last, both]
    assert scene.settle(holder, "finished")


@pytest.mark.parametrize(("front", "expected"), [(False, [1, 0]), (True, [0, 1])])
def test_a_job_with_another_priority_changes_its_line(
    scene: Scene, front: bool, expected: list[int]
) -> None:
    scene.do.pause("type:greet")
    low, high = scene.accept(new_job(queue="low"), new_job(queue="high"))
    scene.claim(2)

    scene.do.reprioritise([(low, "high")], by="ada", reason="", front=front)

    assert scene.look.parked("paused:greet", 0, 9) == [[low, high][at] for at in expected]
