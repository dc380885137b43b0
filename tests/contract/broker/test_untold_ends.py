"""Attempts whose processes died are kept for whoever tells observers, each for one of them."""

from __future__ import annotations

import pytest

from tests.contract.broker.jobs import ERROR
from tests.contract.broker.scene import Scene


@pytest.mark.parametrize("kind", ["released", "suspected", "crashed", "retried", "failed"])
def test_an_attempt_that_somebody_else_ended_is_to_be_told_once(scene: Scene, kind: str) -> None:
    held = scene.started(options={"tenant": "acme", "tags": ["vip"]})
    scene.rescue(scene.lease_of(held), kind, only_expired=False)

    [end] = scene.broker.untold.take(10)

    assert (end.job_id, end.fence, end.job_type) == (held.id, held.fence, "greet")
    assert (end.attempt, end.max_attempts, end.queue) == (1, 3, "normal")
    assert (end.outcome, end.error) == (kind, None if kind == "released" else ERROR)
    assert end.delay_seconds == (60.0 if kind == "retried" else 0.0)
    assert (end.labels.tenant, end.labels.tags) == ("acme", ("vip",))
    assert end.run_seconds == end.wait_seconds == 0.0
    assert scene.broker.untold.take(10) == []


def test_a_death_that_spends_the_last_attempt_is_told_as_the_end_of_the_job(scene: Scene) -> None:
    held = scene.started(max_attempts=1)
    scene.rescue(scene.lease_of(held), "crashed", only_expired=False)

    [end] = scene.broker.untold.take(10)

    assert (end.outcome, end.is_dead) == ("failed", True)


def test_one_that_was_asked_to_cancel_is_told_as_canceled(scene: Scene) -> None:
    held = scene.started(result_ttl=0)
    scene.cancel(held.id)
    scene.rescue(scene.lease_of(held), "released", only_expired=False)

    [end] = scene.broker.untold.take(10)

    assert (end.outcome, end.job_type) == ("canceled", "greet")


def test_of_what_never_began_and_of_what_is_left_alone_there_is_nothing_to_tell(
    scene: Scene,
) -> None:
    scene.rescue(scene.lease_of(scene.started()), "returned", only_expired=False)
    held = scene.started()
    lease = scene.lease_of(held)
    scene.settle(held, "finished")
    scene.rescue(lease, "crashed", only_expired=False)

    assert scene.broker.untold.take(10) == []


def test_they_are_taken_in_order_and_no_more_than_asked_for(scene: Scene) -> None:
    held = [scene.started() for _ in range(3)]
    for job in held:
        scene.rescue(scene.lease_of(job), only_expired=False)

    taken = [[end.job_id for end in scene.broker.untold.take(2)] for _ in range(2)]

    assert taken == [[held[0].id, held[1].id], [held[2].id]]
