"""Jobs that wait elsewhere from now on, and queues that are emptied."""

from __future__ import annotations

import pytest

from tests.contract.broker.scene import Scene


def _move(scene: Scene, job_id: str, queue: str, *, front: bool = False) -> int:
    return scene.do.reprioritise([(job_id, queue)], by="ada", reason="urgent", front=front)[0]


def test_a_queued_job_goes_to_the_back_of_the_other_queue(scene: Scene) -> None:
    there, job_id = scene.waiting(queue="high"), scene.waiting()

    assert [_move(scene, job_id, "high"), _move(scene, job_id, "high")] == [1, 2]

    assert (scene.queue("high"), scene.queue()) == ([there, job_id], [])
    assert (scene.books("high").accepted, scene.books().accepted) == (2, 0)
    assert scene.view(job_id).queue == "high"
    line = scene.events(job_id)[-1]
    assert (line.kind, line.worker, line.body) == ("reprioritised", "ada", "urgent")


def test_a_job_may_go_to_the_front(scene: Scene) -> None:
    there, job_id = scene.waiting(queue="high"), scene.waiting()

    _move(scene, job_id, "high", front=True)

    assert scene.queue("high") == [job_id, there]


def test_a_scheduled_job_keeps_its_time(scene: Scene) -> None:
    job_id = scene.scheduled(delay=100.0)
    due = scene.view(job_id).run_at

    assert _move(scene, job_id, "high") == 1

    assert (scene.view(job_id).run_at, scene.count("scheduled", "high")) == (due, 1)
    scene.broker.pass_time(101)
    scene.promote()
    assert scene.queue("high") == [job_id]


def test_a_parked_job_comes_back_in_its_new_queue(scene: Scene) -> None:
    holder, job_id = scene.parked_by_limit()

    assert _move(scene, job_id, "high") == 1

    assert (scene.books("high").parked, scene.books().parked) == (1, 0)
    scene.settle(holder, "finished")
    assert scene.queue("high") == [job_id]


@pytest.mark.parametrize("state", ["started", "finished", "failed", "canceled"])
def test_jobs_that_do_not_wait_stay_where_they_are(scene: Scene, state: str) -> None:
    job_id = scene.in_state(state)

    assert [_move(scene, job_id, "high"), _move(scene, "nobody", "high")] == [0, 0]
    assert scene.view(job_id).queue == "normal"


def test_a_purged_queue_is_empty_and_each_job_canceled_with_a_name_and_a_reason(
    scene: Scene,
) -> None:
    ids = [scene.waiting(), scene.waiting()]

    assert scene.do.purge("normal", by="ada", reason="a mistake") == 2

    assert (scene.queue(), scene.count("canceled")) == ([], 2)
    for job_id in ids:
        line = scene.events(job_id)[-1]
        assert (line.kind, line.worker, line.body) == ("canceled", "ada", "a mistake")
    assert scene.do.purge("normal", by="ada", reason="") == 0


def test_purging_reaches_those_that_stepped_aside(scene: Scene) -> None:
    holder, behind = scene.parked_by_limit()
    waiting = scene.waiting()

    assert scene.do.purge("normal", by="ada", reason="") == 2

    assert [scene.state(job_id) for job_id in (behind, waiting)] == ["canceled", "canceled"]
    assert scene.state(holder.id) == "started"


def test_other_queues_scheduled_started_and_ended_jobs_are_not_purged(scene: Scene) -> None:
    started, scheduled, other = scene.started().id, scene.scheduled(), scene.waiting(queue="low")
    dead = scene.dead(queue="high")

    assert scene.do.purge("normal", by="ada", reason="") == 0

    found = [scene.state(job_id) for job_id in (started, scheduled, other, dead)]
    assert found == ["started", "scheduled", "queued", "failed"]
