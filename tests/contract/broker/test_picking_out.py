"""Workers take jobs of some types out from behind others for which they have no room."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backend.domain.jobs.job_event import version_of
from backend.domain.jobs.options.fairness import Fairness
from backend.domain.ports import ClaimPlan, PickedOut, WantedTypes
from tests.contract.broker.jobs import new_job
from tests.contract.broker.scene import QUEUES, Scene

FETCH = WantedTypes(["fetch", "stream"])
OTHERS = WantedTypes(["fetch", "stream"], others=True)


def pick(
    scene: Scene, wanted: WantedTypes = FETCH, most: int = 10, start: int = 0, **shares: int
) -> PickedOut:
    """What a worker picks out of the queues of the default lane."""
    plan = [ClaimPlan(queue, shares.get(queue, 0)) for queue in QUEUES]
    return scene.worker().pick_out(wanted, plan, most, start)


def ids(picked: PickedOut) -> list[str]:
    """Which jobs."""
    return [job.id for job in picked.jobs]


def mixed(scene: Scene) -> None:
    """Jobs of two kinds in one queue."""
    scene.accept(
        new_job("p1"),
        new_job("f1", job_type="fetch"),
        new_job("p2"),
        new_job("s1", job_type="stream"),
    )


def test_jobs_of_the_types_wanted_pass_those_before_them(scene: Scene) -> None:
    mixed(scene)

    assert ids(pick(scene)) == ["f1", "s1"]

    assert scene.queue("normal") == ["p1", "p2"]
    assert [scene.state(job_id) for job_id in ("f1", "p1")] == ["started", "queued"]
    assert scene.claimed_ids() == ["p1", "p2"]


def test_all_others_pass_those_of_these_types(scene: Scene) -> None:
    mixed(scene)

    assert ids(pick(scene, OTHERS)) == ["p1", "p2"]
    assert scene.queue("normal") == ["f1", "s1"]


def test_one_that_is_picked_out_is_held_as_any_other(scene: Scene) -> None:
    mixed(scene)

    [held] = pick(scene, most=1).jobs

    assert (held.id, held.attempt, held.job_type, held.queue) == ("f1", 1, "fetch", "normal")
    assert version_of(held.fence) > 0
    assert scene.settle(held, "finished") == 1
    assert scene.state("f1") == "finished"


def test_a_suspect_is_of_no_type(scene: Scene) -> None:
    held = scene.started(job_id="f1", job_type="fetch")
    scene.settle(held, "suspected")

    assert ids(pick(scene)) == []
    assert ids(pick(scene, OTHERS)) == ["f1"]


def test_they_come_by_priority_after_what_is_guaranteed(scene: Scene) -> None:
    for number in range(2):
        scene.accept(
            *(new_job(f"{queue}{number}", queue, job_type="fetch") for queue in ("low", "high"))
        )

    assert ids(pick(scene, most=2, low=1)) == ["low0", "high0"]
    assert ids(pick(scene)) == ["high1", "low1"]


def test_no_more_are_picked_than_asked_for(scene: Scene) -> None:
    scene.accept(*(new_job(queue=queue, job_type="fetch") for queue in QUEUES for _ in range(3)))

    assert len(pick(scene, most=4).jobs) == 4
    assert len(pick(scene, most=2, low=9).jobs) == 2


@pytest.mark.parametrize("what", ["queue:normal", "lane:default"])
def test_nothing_is_picked_out_of_what_is_paused(scene: Scene, what: str) -> None:
    mixed(scene)
    scene.do.pause(what)

    assert pick(scene) == PickedOut([], False)


def test_one_that_may_not_start_is_put_aside(scene: Scene) -> None:
    mixed(scene)
    scene.do.limit("fetch", 1)
    scene.accept(new_job("f2", job_type="fetch"))

    assert ids(pick(scene)) == ["f1", "s1"]
    assert scene.look.gate("type:fetch") == (["f1"], 1)


def test_an_expired_one_is_canceled(scene: Scene) -> None:
    past = scene.broker.now() - timedelta(days=1)
    scene.accept(new_job("f1", job_type="fetch", expires_at=past))

    assert ids(pick(scene)) == []
    assert scene.state("f1") == "canceled"


def test_a_look_ends_after_a_hundred_places_and_the_next_goes_on_there(scene: Scene) -> None:
    scene.accept(*(new_job() for _ in range(100)), new_job("f1", job_type="fetch"))

    assert pick(scene) == PickedOut([], True)
    found = pick(scene, start=100)

    assert (ids(found), found.is_deeper) == (["f1"], False)


def test_who_was_picked_out_before_his_turns_has_none_until_the_others_have_had_theirs(
    scene: Scene,
) -> None:
    scene.broker.fair_queues.set_rule("normal", Fairness(), by="ada", reason="")
    wanted, plan = WantedTypes(("other",)), [ClaimPlan("normal", 0)]
    scene.accept(*(new_job(job_type="other", options={"tenant": "a"}) for _ in range(9)))
    others = scene.accept(*(new_job(options={"tenant": "b"}) for _ in range(9)))
    for _ in range(4):
        assert len(scene.worker().pick_out(wanted, plan, 1).jobs) == 1

    assert scene.claimed_ids(2) == others[:2]
