"""In which order those go on who wait behind a gate: by priority, and losers of a race first."""

from __future__ import annotations

from typing import Any

import pytest

from backend.domain.jobs.options.fairness import Fairness
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


@pytest.mark.parametrize(
    ("by_type", "said"), [(False, {}), (True, {"hold": True})], ids=["of a key", "of its type"]
)
def test_only_for_places_that_are_kept_newcomers_stand_behind_those_who_wait(
    scene: Scene, by_type: bool, said: dict[str, Any]
) -> None:
    """A slot that is given back at each end goes to the most urgent who is there."""
    keyed = {"limit_key": "k", "limit": 9 if by_type else 1}
    fields: dict[str, Any] = {"options": {**keyed, **said}, **keyed}
    scene.do.limit("greet", 1 if by_type else 9)
    holder = scene.started(**fields)
    ids = scene.accept(*(new_job(**fields) for _ in range(2)))
    assert scene.claim(9) == []
    scene.settle(holder, "finished")
    urgent = scene.waiting(queue="high", **fields)

    assert scene.claimed_ids() == [urgent]

    assert scene.look.parked("type:greet" if by_type else "key:k", 0, 9) == ids


def test_in_a_fair_queue_who_is_let_through_goes_before_the_lines(scene: Scene) -> None:
    scene.broker.fair_queues.set_rule("normal", Fairness(), by="ada", reason="")
    holder, first = scene.parked_by_limit()
    lined = scene.accept(*(new_job(job_type="other", options={"tenant": t}) for t in "ab"))

    scene.settle(holder, "finished")

    assert scene.queue()[:1] == [first]
    assert scene.claimed_ids(1) == [first]
    assert sorted(scene.claimed_ids()) == lined


def test_in_a_fair_queue_who_loses_the_slot_is_the_next_again_too(scene: Scene) -> None:
    scene.broker.fair_queues.set_rule("normal", Fairness(), by="ada", reason="")
    holder, first = scene.parked_by_limit(options={"tenant": "a"})
    others = scene.accept(*(new_job(options={"tenant": tenant}) for tenant in "bca"))
    assert scene.claim(9) == []
    assert scene.look.parked("type:greet", 0, 9) == [first, *others]
    scene.settle(holder, "finished")
    urgent = scene.waiting(queue="high")

    assert scene.claimed_ids() == [urgent]

    assert scene.look.parked("type:greet", 0, 9) == [first, *others]


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


@pytest.mark.parametrize("front", [False, True])
def test_behind_those_of_a_higher_priority_and_before_those_of_a_lower(
    scene: Scene, front: bool
) -> None:
    scene.do.pause("type:greet")
    ids = scene.accept(*(new_job(queue=queue) for queue in ("low", "low", "normal", "high")))
    assert scene.claim(9) == []
    moved, low, normal, high = ids

    scene.do.reprioritise([(moved, "normal")], by="ada", reason="", front=front)

    between = [moved, normal] if front else [normal, moved]
    assert scene.look.parked("paused:greet", 0, 9) == [high, *between, low]
