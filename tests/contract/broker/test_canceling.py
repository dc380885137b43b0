"""Three kinds of cancel: of what waits, of what runs by asking, and by force."""

from __future__ import annotations

import pytest

from backend.domain.jobs.step_codes import CancelCode
from tests.contract.broker.scene import Scene


@pytest.mark.parametrize("state", ["queued", "scheduled"])
def test_a_job_that_waits_ends_at_once(scene: Scene, state: str) -> None:
    job_id = scene.in_state(state)

    assert scene.cancel(job_id) == [CancelCode.CANCELED]

    assert (scene.state(job_id), scene.count("canceled")) == ("canceled", 1)
    assert (scene.queue(), scene.look.scheduled(0, 10)) == ([], [])
    assert scene.claim() == []
    line = scene.events(job_id)[-1]
    assert (line.kind, line.worker, line.body) == ("canceled", "ada", "changed my mind")


def test_a_job_that_waits_for_its_next_attempt_ends_at_once(scene: Scene) -> None:
    held = scene.started()
    scene.settle(held, "retried")

    assert scene.cancel(held.id) == [CancelCode.CANCELED]
    scene.broker.pass_time(100)
    assert (scene.promote(), scene.state(held.id)) == (0, "canceled")


def test_a_job_that_runs_is_asked_and_may_finish_all_the_same(scene: Scene) -> None:
    held = scene.started()

    assert scene.cancel(held.id) == [CancelCode.ASKED]

    assert (scene.state(held.id), scene.view(held.id).cancel_asked) == ("started", True)
    scene.settle(held, "finished")
    assert scene.state(held.id) == "finished"


@pytest.mark.parametrize("kind", ["retried", "snoozed", "released", "crashed", "returned"])
def test_a_job_that_was_asked_does_not_run_again(scene: Scene, kind: str) -> None:
    held = scene.started()
    scene.cancel(held.id)

    scene.settle(held, kind)

    assert (scene.state(held.id), scene.count("canceled")) == ("canceled", 1)


def test_asking_again_does_not_take_force_back(scene: Scene) -> None:
    held = scene.started()

    assert scene.cancel(held.id, force=True) == [CancelCode.ASKED]
    assert scene.cancel(held.id) == [CancelCode.ASKED]

    assert scene.broker.leases.extend([(held.id, held.fence)], 60.0) == [3]


@pytest.mark.parametrize("state", ["finished", "failed", "canceled"])
def test_final_jobs_stay_what_they_are(scene: Scene, state: str) -> None:
    job_id = scene.in_state(state)

    assert scene.cancel(job_id, force=True) == [CancelCode.ENDED]
    assert scene.state(job_id) == state


def test_a_job_that_nobody_knows_is_not_made_up(scene: Scene) -> None:
    assert scene.cancel("nobody") == [CancelCode.UNKNOWN]
    assert scene.is_gone("nobody")


def test_many_are_canceled_in_one_call_with_one_answer_each(scene: Scene) -> None:
    waits, runs, ended = scene.waiting(queue="low"), scene.started().id, scene.finished()

    assert scene.cancel(waits, runs, ended, "nobody", waits) == [1, 2, 3, 0, 3]


def test_a_canceled_job_is_readable_as_long_as_its_result_would_be(scene: Scene) -> None:
    job_id = scene.canceled(result_ttl=100)
    scene.broker.pass_time(80)
    assert scene.state(job_id) == "canceled"

    scene.broker.pass_time(21)

    assert scene.is_gone(job_id)


def test_whoever_waits_for_a_job_is_told_when_it_is_canceled(scene: Scene) -> None:
    job_id = scene.waiting()
    scene.cancel(job_id)

    assert scene.broker.queue.wait(job_id, 100.0) is True
