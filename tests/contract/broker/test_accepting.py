"""Jobs come in: each once, whole, in order, or not at all."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from backend.domain.errors import HistoryBacklogFull, IdempotencyConflict, QueueFull
from tests.contract.broker.jobs import new_job
from tests.contract.broker.scene import Scene, answers


def test_an_accepted_job_waits_in_its_queue_and_is_counted(scene: Scene) -> None:
    [reply] = scene.ask(new_job("a", "high"))

    assert reply == ("a", True)
    assert scene.queue("high") == ["a"]
    assert (scene.books("high").accepted, scene.count("queued", "high")) == (1, 1)


def test_what_was_asked_for_can_be_read_back(scene: Scene) -> None:
    job = new_job(
        "a",
        payload='{"name":"Åda","n":[1,2.5,null]}',
        options={"tags": ["vip"], "tenant": "acme", "timeout": 2.5},
        max_attempts=5,
    )

    scene.accept(job)

    view = scene.view("a")
    assert (view.job_type, view.queue, view.state) == ("greet", "normal", "queued")
    assert view.payload == {"name": "Åda", "n": [1, 2.5, None]}
    assert (view.attempt, view.max_attempts, view.failures) == (0, 5, 0)
    assert (view.tags, view.labels.tenant, view.timeout) == (["vip"], "acme", 2.5)
    assert view.created_at is not None
    assert view.created_at == view.enqueued_at
    assert (view.result, view.error, view.started_at, view.ended_at) == (None, None, None, None)


def test_a_job_that_nobody_enqueued_is_not_known(scene: Scene) -> None:
    assert scene.broker.queue.find("nobody") is None
    assert scene.broker.queue.wait("nobody", 0.001) is False


def test_many_jobs_keep_their_order(scene: Scene) -> None:
    ids = scene.accept(*(new_job() for _ in range(250)))

    assert scene.look.waiting("normal", 0, 300) == ids


def test_the_same_id_again_does_nothing(scene: Scene) -> None:
    scene.accept(new_job("a"))

    assert scene.ask(new_job("a"), new_job("b")) == [("a", False), ("b", True)]
    assert scene.queue() == ["a", "b"]
    assert scene.kinds("a") == ["enqueued"]


@pytest.mark.parametrize("state", ["scheduled", "started", "finished", "failed", "canceled"])
def test_an_id_is_taken_in_whatever_state_its_job_is(scene: Scene, state: str) -> None:
    job_id = scene.in_state(state)

    assert scene.ask(new_job(job_id)) == [(job_id, False)]
    assert scene.state(job_id) == state


def test_a_key_answers_with_its_twin_while_its_window_is_open(scene: Scene) -> None:
    scene.accept(new_job("a", unique_key="k", unique_window=100.0))

    assert scene.ask(new_job("b", unique_key="k", unique_window=100.0)) == [("a", False)]
    scene.broker.pass_time(101)
    assert scene.ask(new_job("c", unique_key="k", unique_window=100.0)) == [("c", True)]


def test_a_key_stands_for_its_job_after_that_has_finished(scene: Scene) -> None:
    job_id = scene.finished(unique_key="k", unique_window=1000.0, result_ttl=0)

    assert scene.ask(new_job(unique_key="k", unique_window=1000.0)) == [(job_id, False)]
    assert (scene.state(job_id), scene.view(job_id).result) == ("finished", None)


def test_the_key_of_a_withdrawn_job_is_free(scene: Scene) -> None:
    scene.canceled(unique_key="k", unique_window=1000.0)

    assert scene.ask(new_job("b", unique_key="k", unique_window=1000.0)) == [("b", True)]


def test_the_key_of_a_job_that_has_expired_while_it_waits_is_free(scene: Scene) -> None:
    """No worker has come to cancel it: whoever says the call again is not answered with what never runs."""
    keyed = {"unique_key": "k", "unique_window": 1000.0}
    soon = scene.broker.now() + timedelta(seconds=100)
    scene.accept(new_job("a", **keyed, expires_at=soon))
    assert scene.ask(new_job("b", **keyed)) == [("a", False)]
    scene.broker.pass_time(101)

    assert scene.ask(new_job("b", **keyed)) == [("b", True)]

    assert scene.claimed_ids() == ["b"]
    assert scene.state("a") == "canceled"
    assert scene.ask(new_job("c", **keyed)) == [("b", False)]


def test_the_key_of_a_job_that_started_in_time_stays_its_own(scene: Scene) -> None:
    keyed = {"unique_key": "k", "unique_window": 1000.0}
    held = scene.started(**keyed, expires_at=scene.broker.now() + timedelta(seconds=100))
    scene.broker.pass_time(101)

    assert scene.ask(new_job("b", **keyed)) == [(held.id, False)]


def test_so_does_that_of_one_that_waits_for_its_next_attempt(scene: Scene) -> None:
    keyed = {"unique_key": "k", "unique_window": 1000.0}
    held = scene.started(**keyed, expires_at=scene.broker.now() + timedelta(seconds=100))
    scene.settle(held, "retried")
    scene.broker.pass_time(101)

    assert scene.ask(new_job("b", **keyed)) == [(held.id, False)]


def test_the_key_of_a_dead_job_is_taken_until_that_is_discarded(scene: Scene) -> None:
    job_id = scene.dead(unique_key="k", unique_window=1000.0)

    assert scene.ask(new_job(unique_key="k", unique_window=1000.0)) == [(job_id, False)]
    scene.do.discard([job_id], by="ada", reason="")
    assert scene.ask(new_job("b", unique_key="k", unique_window=1000.0)) == [("b", True)]


def test_a_key_or_an_id_of_other_contents_is_refused_and_the_others_are_accepted(
    scene: Scene,
) -> None:
    scene.accept(new_job("a", unique_key="k", unique_window=100.0, digest="one"))

    with pytest.raises(IdempotencyConflict) as refused:
        scene.ask(
            new_job("b"),
            new_job("c", unique_key="k", unique_window=100.0, digest="two"),
            new_job("d"),
        )

    assert str(refused.value).startswith("jobs[1]: this key or job id belongs to job a, ")
    assert (refused.value.details["job_id"], refused.value.details["place"]) == ("a", 1)
    assert refused.value.details["accepted"] == ["b", "d"]
    assert scene.queue() == ["a", "b", "d"]


def test_a_key_of_the_same_contents_is_no_conflict(scene: Scene) -> None:
    scene.accept(new_job("a", unique_key="k", unique_window=100.0, digest="one"))
    again = new_job("b", unique_key="k", unique_window=100.0, digest="one")

    assert scene.ask(again) == [("a", False)]


def test_a_full_queue_refuses_and_keeps_nothing_of_the_job(scene: Scene) -> None:
    narrow = scene.broker.limited(backlog_limit=2)

    with pytest.raises(QueueFull) as refused:
        narrow.enqueue([new_job("a"), new_job("b"), new_job("c")])

    assert refused.value.details == {
        "queue": "normal",
        "accepted": 2,
        "accepted_ids": ["a", "b"],
    }
    assert scene.queue() == ["a", "b"]
    assert scene.is_gone("c")


def test_a_full_queue_still_knows_the_jobs_that_it_has(scene: Scene) -> None:
    narrow = scene.broker.limited(backlog_limit=1)
    narrow.enqueue([new_job("a")])

    assert answers(narrow.enqueue([new_job("a")])) == [("a", False)]


def test_a_recorder_too_far_behind_refuses(scene: Scene) -> None:
    narrow = scene.broker.limited(stream_limit=2)
    narrow.enqueue([new_job("a")])
    narrow.enqueue([new_job("b")])

    with pytest.raises(HistoryBacklogFull) as refused:
        narrow.enqueue([new_job("c")])

    assert refused.value.details["accepted"] == 0
    assert scene.queue() == ["a", "b"]


def test_a_job_for_later_waits_for_its_time(scene: Scene) -> None:
    due = scene.broker.now() + timedelta(hours=1)

    scene.accept(new_job("a", run_at=due))

    assert scene.state("a") == "scheduled"
    [(job_id, run_at)] = scene.look.scheduled(0, 10)
    assert (job_id, abs(run_at - due) < timedelta(milliseconds=1)) == ("a", True)
    assert scene.view("a").run_at == run_at
    assert (scene.queue(), scene.count("scheduled")) == ([], 1)


def test_a_time_that_has_passed_means_now(scene: Scene) -> None:
    scene.accept(new_job("a", run_at=scene.broker.now() - timedelta(hours=1)))

    assert scene.queue() == ["a"]


def test_whoever_waits_for_a_final_job_has_it_at_once(scene: Scene) -> None:
    assert scene.broker.queue.wait(scene.finished(), 100.0) is True
    assert scene.broker.queue.wait(scene.waiting(), 0.001) is False


@pytest.mark.parametrize("seconds", [math.inf, 30 * 86_400.0])
def test_a_wait_may_be_longer_than_any_job_takes(scene: Scene, seconds: float) -> None:
    held = scene.started()
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(scene.broker.queue.wait, held.id, seconds)
        with pytest.raises(TimeoutError):
            waiting.result(0.1)

        scene.settle(held, "finished")

        assert waiting.result(60) is True
