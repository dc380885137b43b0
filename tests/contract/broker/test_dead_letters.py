"""Dead jobs: sent home, given up, or done by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.contract.broker.jobs import new_job
from tests.contract.broker.scene import Scene

NOT_DEAD = ["queued", "scheduled", "started", "finished", "canceled"]


def test_a_redriven_job_goes_home_with_all_its_attempts(scene: Scene) -> None:
    job_id, first = scene.dead(queue="low"), scene.waiting(queue="low")

    assert scene.do.redrive([job_id], by="ada", reason="fixed") == [1]

    assert scene.queue("low") == [first, job_id]
    view = scene.view(job_id)
    assert (view.state, view.failures, view.error, view.ended_at) == ("queued", 0, None, None)
    assert (scene.count("failed", "low"), scene.look.dead_count()) == (0, 0)
    line = scene.events(job_id)[-1]
    assert (line.kind, line.worker, line.body) == ("redriven", "ada", "fixed")


def test_attempts_go_on_counting_so_that_each_keeps_its_own_number(scene: Scene) -> None:
    scene.do.redrive([scene.dead()], by="ada", reason="")

    [held] = scene.claim()

    assert (held.attempt, held.failures, held.suspect) == (2, 0, False)


def test_the_payload_may_be_changed_on_the_way(scene: Scene) -> None:
    held = scene.started()
    scene.broker.checkpoints.save(held.id, held.fence, '"half"')
    scene.settle(held, "failed")

    code = scene.do.redrive_changed(held.id, "greet", '{"name":"Bob"}', by="ada", reason="")

    assert (code, scene.view(held.id).payload) == (1, {"name": "Bob"})
    assert scene.broker.checkpoints.load(held.id) == ""


def test_redriving_twice_queues_a_job_once(scene: Scene) -> None:
    job_id = scene.dead()

    assert scene.do.redrive([job_id, job_id, "nobody"], by="ada", reason="") == [1, 0, 0]
    assert scene.queue() == [job_id]


def test_a_redriven_job_that_was_asked_to_cancel_is_no_longer(scene: Scene) -> None:
    held = scene.started()
    scene.cancel(held.id)
    scene.settle(held, "failed")

    scene.do.redrive([held.id], by="ada", reason="")

    assert not scene.view(held.id).cancel_asked


def test_a_job_that_expired_long_ago_runs_when_a_person_says_so(scene: Scene) -> None:
    held = scene.started(expires_at=scene.broker.now() + timedelta(seconds=100))
    scene.settle(held, "failed")
    scene.broker.pass_time(1000)

    scene.do.redrive([held.id], by="ada", reason="")

    assert scene.claimed_ids() == [held.id]
    assert scene.view(held.id).expires_at is None


@pytest.mark.parametrize("state", NOT_DEAD)
def test_only_dead_jobs_are_redriven_discarded_or_resolved(scene: Scene, state: str) -> None:
    job_id = scene.in_state(state)
    said = {"by": "ada", "reason": ""}

    codes = [*scene.do.redrive([job_id], **said), *scene.do.discard([job_id], **said)]
    codes += scene.do.resolve([job_id], **said)

    assert (codes, scene.state(job_id)) == ([0, 0, 0], state)


def test_a_discarded_job_is_gone_and_stays_counted_as_failed(scene: Scene) -> None:
    job_id = scene.dead()

    assert scene.do.discard([job_id, job_id], by="ada", reason="no use") == [1, 0]

    assert scene.is_gone(job_id)
    assert (scene.count("failed"), scene.look.dead_count()) == (1, 0)
    line = scene.events(job_id)[-1]
    assert (line.kind, line.worker, line.body) == ("discarded", "ada", "no use")


def test_a_discarded_id_may_be_used_again(scene: Scene) -> None:
    job_id = scene.dead()
    scene.do.discard([job_id], by="ada", reason="")

    assert scene.ask(new_job(job_id)) == [(job_id, True)]


def test_a_resolved_job_counts_as_finished_and_is_readable_for_a_while(scene: Scene) -> None:
    job_id = scene.dead(result_ttl=100)

    assert scene.do.resolve([job_id], by="ada", reason="by hand") == [1]

    assert scene.state(job_id) == "finished"
    assert (scene.count("finished"), scene.count("failed")) == (1, 0)
    assert scene.kinds(job_id)[-1] == "resolved"
    scene.broker.pass_time(101)
    assert scene.is_gone(job_id)


def test_a_resolved_job_whose_result_nobody_wants_is_gone_after_ten_seconds(scene: Scene) -> None:
    """Until then whoever got no answer may say the same again."""
    job_id = scene.dead(result_ttl=0)

    scene.do.resolve([job_id], by="ada", reason="")

    assert scene.state(job_id) == "finished"
    scene.broker.pass_time(11)
    assert scene.is_gone(job_id)


def test_dead_jobs_are_listed_from_either_end(scene: Scene) -> None:
    ids = []
    for _ in range(3):
        ids.append(scene.dead())
        scene.broker.pass_time(1)

    newest = [job_id for job_id, _ in scene.look.dead(0, 2)]
    oldest = [job_id for job_id, _ in scene.look.dead(1, 5, newest_first=False)]

    assert (newest, oldest) == ([ids[2], ids[1]], ids[1:])
    assert scene.look.dead_count() == 3
