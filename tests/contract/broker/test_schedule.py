"""Jobs that wait for their time."""

from __future__ import annotations

import pytest

from tests.contract.broker.jobs import new_job
from tests.contract.broker.scene import Scene


def test_a_due_job_goes_to_the_back_of_its_queue(scene: Scene) -> None:
    later = scene.scheduled(delay=10.0)
    first = scene.waiting()
    scene.broker.pass_time(11)

    assert scene.promote() == 1

    assert scene.queue() == [first, later]
    assert scene.kinds(later) == ["enqueued", "promoted"]


def test_a_job_that_is_not_due_stays_and_says_when_it_will_be(scene: Scene) -> None:
    job_id = scene.scheduled(delay=100.0)

    moved, next_due, lateness = scene.broker.timetable.promote(100, 0)

    assert (moved, lateness, scene.state(job_id)) == (0, 0.0, "scheduled")
    assert next_due == pytest.approx(100.0, abs=5.0)


def test_nothing_is_next_when_nothing_waits(scene: Scene) -> None:
    assert scene.broker.timetable.promote(100, 0) == (0, None, 0.0)


def test_the_longest_due_comes_first_and_no_more_than_asked_for(scene: Scene) -> None:
    third, first, second = (scene.scheduled(delay=delay) for delay in (30.0, 10.0, 20.0))
    scene.broker.pass_time(40)

    moved, next_due, lateness = scene.broker.timetable.promote(2, 0)

    assert (moved, next_due, scene.queue()) == (2, 0.0, [first, second])
    assert lateness == pytest.approx(30.0, abs=5.0)
    assert scene.promote() == 1
    assert scene.queue() == [first, second, third]


def test_promoting_twice_moves_a_job_once(scene: Scene) -> None:
    job_id = scene.scheduled(delay=10.0)
    scene.broker.pass_time(11)

    assert [scene.promote(), scene.promote()] == [1, 0]
    assert scene.queue() == [job_id]


def test_a_superseded_leader_promotes_nothing(scene: Scene) -> None:
    scene.broker.timetable.promote(100, 2)
    scene.scheduled(delay=10.0)
    scene.broker.pass_time(11)

    assert scene.broker.timetable.promote(100, 1).moved == -1
    assert scene.broker.timetable.promote(100, 2).moved == 1


def test_a_scheduled_job_may_be_run_before_it_is_due(scene: Scene) -> None:
    first, job_id = scene.waiting(), scene.scheduled()

    assert scene.do.run_now([job_id, job_id], by="ada", reason="cannot wait") == [1, 0]

    assert scene.queue() == [first, job_id]
    assert scene.look.scheduled(0, 10) == []
    assert scene.view(job_id).run_at is None


@pytest.mark.parametrize("state", ["queued", "started", "finished", "failed", "canceled"])
def test_only_scheduled_jobs_are_run_before_they_are_due(scene: Scene, state: str) -> None:
    job_id = scene.in_state(state)

    assert scene.do.run_now([job_id, "nobody"], by="ada", reason="") == [0, 0]
    assert scene.state(job_id) == state


def test_jobs_are_listed_by_the_time_they_are_due(scene: Scene) -> None:
    scene.accept(*(new_job(name, delay=delay) for name, delay in (("b", 20.0), ("a", 10.0))))

    assert [job_id for job_id, _ in scene.look.scheduled(0, 10)] == ["a", "b"]
    assert [job_id for job_id, _ in scene.look.scheduled(1, 10)] == ["b"]
