"""Every way in which an attempt can end."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from backend.domain.jobs.attempts.outcome import POISON, AttemptError
from backend.domain.jobs.step_codes import SettleCode
from tests.contract.broker.jobs import ERROR, new_job, outcome
from tests.contract.broker.scene import Scene

EVERY_KIND = (
    *("finished", "retried", "snoozed", "failed", "released"),
    *("returned", "canceled", "crashed", "suspected"),
)


def test_a_finished_job_keeps_its_result(scene: Scene) -> None:
    held = scene.started()

    assert scene.settle(held, "finished", result='{"n":[1,null,"é"]}') is SettleCode.SETTLED

    view = scene.view(held.id)
    assert (view.state, view.result, view.failures) == ("finished", {"n": [1, None, "é"]}, 0)
    assert view.ended_at is not None
    assert (scene.count("finished"), scene.count("started")) == (1, 0)


def test_a_result_is_readable_as_long_as_it_says(scene: Scene) -> None:
    job_id = scene.finished(result_ttl=100)
    scene.broker.pass_time(80)
    assert scene.view(job_id).result == "done"

    scene.broker.pass_time(21)

    assert scene.is_gone(job_id)
    assert scene.count("finished") == 1


def test_a_job_that_outlives_its_result_says_until_when_that_was_kept(scene: Scene) -> None:
    asked = {"result_ttl": 100, "unique_window": 1000.0}
    told, silent = scene.finished(unique_key="a", **asked), scene.started(unique_key="b", **asked)
    scene.settle(silent, "finished")
    views = [scene.view(job_id) for job_id in (told, silent.id)]
    assert [(job.result, job.result_until) for job in views] == [("done", None), (None, None)]

    scene.broker.pass_time(101)

    for job in (scene.view(told), scene.view(silent.id)):
        assert (job.state, job.result, job.is_result_lost) == ("finished", None, True)
        assert job.result_until == job.ended_at + timedelta(seconds=100)  # type: ignore[operator]


def test_a_result_that_nobody_wants_is_gone_at_once_and_its_job_after_a_minute(
    scene: Scene,
) -> None:
    job_id = scene.finished(result_ttl=0)

    view = scene.view(job_id)
    assert (view.state, view.result, view.result_until) == ("finished", None, view.ended_at)
    assert not view.is_result_lost
    scene.broker.pass_time(61)
    assert scene.is_gone(job_id)
    assert scene.count("finished") == 1


@pytest.mark.parametrize("state", ["finished", "canceled"])
def test_a_call_that_is_said_again_makes_no_second_job_of_one_that_has_ended(
    scene: Scene, state: str
) -> None:
    """Who got no answer says it again: meanwhile a worker may have done it."""
    asked = new_job("a", result_ttl=0)
    scene.accept(asked)
    if state == "finished":
        scene.settle(scene.claim()[0], "finished")
    else:
        scene.do.cancel(["a"], force=False, by="ada", reason="")

    assert scene.ask(asked) == [("a", False)]
    assert scene.state("a") == state


def test_a_retried_job_waits_for_its_delay_and_is_charged(scene: Scene) -> None:
    held = scene.started()

    scene.settle(held, "retried", delay=60.0)

    view = scene.view(held.id)
    assert (view.state, view.failures, view.error) == ("scheduled", 1, ERROR)
    scene.broker.pass_time(40)
    assert scene.promote() == 0
    scene.broker.pass_time(21)
    assert scene.promote() == 1
    [again] = scene.claim()
    assert (again.id, again.attempt, again.failures) == (held.id, 2, 1)


def test_a_snoozed_job_waits_and_is_not_charged(scene: Scene) -> None:
    held = scene.started()

    scene.settle(held, "snoozed", delay=60.0)

    assert (scene.state(held.id), scene.view(held.id).failures) == ("scheduled", 0)


def test_a_failed_job_is_dead_and_never_forgotten(scene: Scene) -> None:
    job_id = scene.dead(result_ttl=1)
    scene.broker.pass_time(10_000_000)

    assert [dead for dead, _ in scene.look.dead(0, 10)] == [job_id]
    view = scene.view(job_id)
    assert (view.state, view.failures, view.error) == ("failed", 1, ERROR)
    assert (scene.count("failed"), scene.books().poisoned) == (1, 0)


def test_a_released_job_is_first_again_and_not_charged(scene: Scene) -> None:
    held = scene.started()
    behind = scene.waiting()

    scene.settle(held, "released")

    assert scene.queue() == [held.id, behind]
    assert (scene.view(held.id).attempt, scene.view(held.id).failures) == (1, 0)


def test_a_returned_job_is_as_if_nobody_had_claimed_it(scene: Scene) -> None:
    job_id = scene.waiting()
    before = scene.view(job_id)
    [held] = scene.claim()

    scene.settle(held, "returned")

    assert scene.view(job_id) == before
    assert scene.queue() == [job_id]
    assert scene.kinds(job_id) == ["enqueued", "started", "released"]
    assert scene.events(job_id)[-1].taken_back == held.fence


def test_a_job_that_is_returned_for_later_waits_as_if_nobody_had_claimed_it(scene: Scene) -> None:
    held = scene.started()
    behind = scene.waiting()

    scene.settle(held, "returned", delay=60.0, error=ERROR)

    view = scene.view(held.id)
    assert (view.state, view.attempt, view.failures) == ("scheduled", 0, 0)
    assert (view.started_at, view.ended_at, view.worker, view.error) == (None, None, "", ERROR)
    assert scene.queue() == [behind]
    ended = scene.events(held.id)[-1]
    assert (ended.kind, ended.attempt, ended.fence) == ("snoozed", 0, "")
    assert (ended.taken_back, ended.worker) == (held.fence, "w1")
    assert json.loads(ended.body) == ERROR.to_dict()


def test_the_attempt_after_one_that_was_returned_for_later_has_its_number(scene: Scene) -> None:
    scene.settle(scene.started(), "returned", delay=60.0)
    scene.broker.pass_time(59)
    assert scene.promote() == 0
    scene.broker.pass_time(2)
    assert scene.promote() == 1

    [again] = scene.claim()

    assert (again.attempt, again.failures) == (1, 0)


def test_a_job_that_is_returned_for_later_keeps_what_the_attempt_before_left(scene: Scene) -> None:
    held = scene.started()
    scene.broker.progress_notes.note(held.id, held.fence, '{"done":1}')
    scene.settle(held, "released")
    before = scene.view(held.id)
    [again] = scene.claim()

    scene.settle(again, "returned", delay=60.0)

    after = scene.view(held.id)
    assert (after.attempt, after.progress, after.worker) == (1, {"done": 1}, before.worker)
    assert (after.started_at, after.ended_at) == (before.started_at, before.ended_at)


def test_one_that_is_returned_for_later_and_should_be_canceled_is(scene: Scene) -> None:
    held = scene.started()
    scene.cancel(held.id)

    scene.settle(held, "returned", delay=60.0)

    view = scene.view(held.id)
    assert (view.state, view.attempt) == ("canceled", 0)
    assert scene.events(held.id)[-1].taken_back == held.fence


def test_a_later_claim_that_is_returned_gives_back_what_the_attempt_before_left(
    scene: Scene,
) -> None:
    held = scene.started()
    scene.broker.progress_notes.note(held.id, held.fence, '{"done":1}')
    scene.settle(held, "released")
    before = scene.view(held.id)
    [again] = scene.claim()
    assert scene.view(held.id).progress is None

    scene.settle(again, "returned")

    assert scene.view(held.id) == before
    assert before.progress == {"done": 1}


def test_a_crash_is_charged_and_its_job_runs_alone_next_until_it_is_poison(scene: Scene) -> None:
    held = scene.started(max_attempts=2)
    scene.settle(held, "crashed")
    [again] = scene.claim()
    assert (again.suspect, again.failures) == (True, 1)

    scene.settle(again, "crashed")

    assert scene.state(held.id) == "failed"
    assert (scene.count("failed"), scene.books().poisoned) == (1, 1)


def test_poison_that_a_worker_found_is_counted_as_such(scene: Scene) -> None:
    scene.settle(scene.started(), "failed", error=AttemptError(POISON, "ProcessDied", "again"))

    assert (scene.count("failed"), scene.books().poisoned) == (1, 1)


def test_a_suspect_runs_alone_next_and_is_not_charged(scene: Scene) -> None:
    held = scene.started()

    scene.settle(held, "suspected")

    [again] = scene.claim()
    assert (again.id, again.suspect, again.failures) == (held.id, True, 0)


def test_a_job_may_be_withdrawn_by_its_worker(scene: Scene) -> None:
    held = scene.started()

    scene.settle(held, "canceled")

    assert (scene.state(held.id), scene.count("canceled")) == ("canceled", 1)


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_the_same_outcome_twice_is_one(scene: Scene, kind: str) -> None:
    held = scene.started()
    scene.settle(held, kind)
    before = (scene.view(held.id), scene.kinds(held.id))

    assert scene.settle(held, kind) is SettleCode.SETTLED_BEFORE

    assert (scene.view(held.id), scene.kinds(held.id)) == before


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_a_late_outcome_of_a_lost_lease_is_refused(scene: Scene, kind: str) -> None:
    late = scene.started()
    scene.settle(late, "released")
    [held] = scene.claim()

    said_again = SettleCode.SETTLED_BEFORE if kind == "released" else SettleCode.LOST
    assert scene.settle(late, kind) is said_again

    assert (scene.state(held.id), scene.view(held.id).attempt) == ("started", 2)


def test_an_outcome_of_a_job_that_nobody_knows_is_refused(scene: Scene) -> None:
    held = scene.started(result_ttl=0)
    scene.settle(held, "finished")
    scene.broker.pass_time(61)

    assert scene.settle(held, "finished") is SettleCode.LOST


def test_an_error_stays_with_a_job_that_finished_after_it(scene: Scene) -> None:
    held = scene.started()
    scene.settle(held, "retried", delay=1.0)
    scene.do.run_now([held.id], by="ada", reason="")
    [again] = scene.claim()

    scene.settle(again, "finished", result="1")

    view = scene.view(held.id)
    assert (view.state, view.result, view.failures, view.error) == ("finished", 1, 1, ERROR)


@pytest.mark.parametrize("kind", ["finished", "retried", "failed", "crashed", "suspected"])
def test_the_end_of_an_attempt_is_one_line_that_names_its_start(scene: Scene, kind: str) -> None:
    held = scene.started()

    scene.settle(held, kind, run_seconds=1.5, log='[[1,"info","said"]]')

    *_, started, ended = scene.events(held.id)
    assert (started.kind, started.id, started.attempt) == ("started", held.fence, 1)
    assert (ended.kind, ended.fence, ended.attempt, ended.worker) == (kind, held.fence, 1, "w1")
    assert (ended.run_ms, ended.log) == (1500.0, '[[1,"info","said"]]')
    if kind != "finished":
        assert json.loads(ended.body) == ERROR.to_dict()


def test_many_outcomes_are_settled_in_one_call(scene: Scene) -> None:
    scene.accept(*(new_job() for _ in range(3)))
    held = scene.claim(3)
    ended = [outcome(kind) for kind in ("finished", "failed", "retried")]

    codes, _ = scene.worker().settle_and_claim(list(zip(held, ended, strict=True)), [], 0)

    assert codes == [1, 1, 1]
    assert [scene.state(job.id) for job in held] == ["finished", "failed", "scheduled"]
