"""Limits of a key: what jobs say themselves, and what an operator says instead."""

from __future__ import annotations

from tests.contract.broker.jobs import new_job
from tests.contract.broker.scene import Scene

KEYED = {"options": {"limit_key": "k", "limit": 1}, "limit_key": "k", "limit": 1}


def _keyed(scene: Scene, jobs: int) -> list[str]:
    return scene.accept(*(new_job(**KEYED) for _ in range(jobs)))


def test_another_number_holds_for_who_waits_already(scene: Scene) -> None:
    ids = _keyed(scene, 4)
    assert scene.claimed_ids() == ids[:1]

    scene.do.limit_key("k", 3, by="ada", reason="they pay for more")

    assert scene.claimed_ids() == ids[1:3]
    assert scene.look.key_limits() == {"k": 3}


def test_a_lower_number_lets_who_runs_go_on_and_nobody_else_start(scene: Scene) -> None:
    scene.do.limit_key("k", 3)
    _keyed(scene, 4)
    held = scene.claim(9)
    assert len(held) == 3

    scene.do.limit_key("k", 1)
    scene.settle(held[0], "finished")
    scene.settle(held[1], "finished")

    assert scene.claimed_ids() == []
    scene.settle(held[2], "finished")
    assert len(scene.claimed_ids()) == 1


def test_no_limit_lets_everybody_through_and_comes_from_the_operator_alone(scene: Scene) -> None:
    ids = _keyed(scene, 4)
    scene.claimed_ids()

    scene.do.limit_key("k", 0)

    assert scene.claimed_ids() == ids[1:]


def test_given_back_the_number_is_that_of_the_jobs(scene: Scene) -> None:
    scene.do.limit_key("k", 3)
    scene.do.limit_key("k", None)
    ids = _keyed(scene, 2)

    assert (scene.claimed_ids(), scene.look.key_limits()) == (ids[:1], {})


def test_other_keys_are_not_concerned(scene: Scene) -> None:
    scene.do.limit_key("other", 3)
    ids = _keyed(scene, 2)

    assert scene.claimed_ids() == ids[:1]
