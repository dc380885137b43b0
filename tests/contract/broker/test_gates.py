"""Pauses and limits: who may not start waits aside, and comes back in order."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.contract.broker.jobs import new_job
from tests.contract.broker.scene import Scene

LANES = ("default", "email")
THINGS = ["queue:normal", "lane:default", "type:greet"]


@pytest.mark.parametrize("what", THINGS)
def test_nothing_paused_is_claimed_until_it_is_resumed(scene: Scene, what: str) -> None:
    job_id = scene.waiting()

    assert [scene.do.pause(what), scene.do.pause(what)] == [True, False]

    assert scene.claim() == []
    assert scene.state(job_id) == "queued"
    assert [scene.do.resume(what, LANES), scene.do.resume(what, LANES)] == [True, False]
    assert scene.claimed_ids() == [job_id]


@pytest.mark.parametrize("what", THINGS)
def test_what_runs_goes_on_while_paused_and_new_jobs_are_accepted(scene: Scene, what: str) -> None:
    held = scene.started()

    scene.do.pause(what)

    assert scene.settle(held, "finished") == 1
    assert scene.ask(new_job("b")) == [("b", True)]


def test_a_pause_says_who_why_since_when_and_how_many_stepped_aside(scene: Scene) -> None:
    scene.do.pause("type:greet", by="ada", reason="a flood")
    scene.waiting()
    scene.claim()

    [pause] = scene.look.pauses()

    said = (pause.what, pause.by, pause.reason, pause.parked)
    assert said == ("type:greet", "ada", "a flood", 1)
    assert pause.since is not None
    assert scene.look.paused() == ["type:greet"]


def test_a_paused_queue_or_lane_says_so_of_its_queues(scene: Scene) -> None:
    scene.accept(new_job(queue="high"), new_job(queue="high:email"), new_job(queue="low:email"))
    scene.do.pause("queue:high")
    scene.do.pause("lane:email")

    states = scene.look.queue_states(["high", "high:email", "low:email", "low"])

    assert [state.paused for state in states] == [True, True, True, False]
    assert scene.claim(10, ["high", "high:email", "low:email"]) == []


def test_a_job_of_a_paused_type_steps_aside_and_lets_others_pass(scene: Scene) -> None:
    scene.accept(new_job("a"), new_job("b", job_type="other"))
    scene.do.pause("type:greet")

    assert scene.claimed_ids() == ["b"]

    assert (scene.queue(), scene.look.parked("paused:greet", 0, 10)) == ([], ["a"])
    assert (scene.books().parked, scene.count("queued")) == (1, 1)
    assert "paused:greet" in scene.look.gates()
    assert scene.look.newest_parked(10) == ["a"]


def test_jobs_of_a_resumed_type_come_back_to_the_front_in_their_order(scene: Scene) -> None:
    scene.do.pause("type:greet")
    ids = scene.accept(*(new_job() for _ in range(3)))
    scene.claim(10)
    last = scene.waiting(job_type="other")

    scene.do.resume("type:greet", LANES)

    assert scene.queue() == [*ids, last]
    assert scene.books().parked == 0


def test_a_type_at_its_limit_steps_aside_until_a_slot_is_free(scene: Scene) -> None:
    holder, behind = scene.parked_by_limit()
    assert scene.look.gate("type:greet") == ([holder.id], 1)

    scene.settle(holder, "finished")

    assert scene.queue() == [behind]
    assert scene.claimed_ids() == [behind]


@pytest.mark.parametrize("kind", ["retried", "snoozed", "failed", "released", "crashed"])
def test_however_an_attempt_ends_its_slot_is_given_back(scene: Scene, kind: str) -> None:
    holder, behind = scene.parked_by_limit()

    scene.settle(holder, kind)

    assert behind in scene.queue()
    assert scene.look.gate("type:greet") == ([], 0)


def test_a_rescue_gives_the_slot_to_the_next(scene: Scene) -> None:
    holder, behind = scene.parked_by_limit()

    scene.rescue(scene.lease_of(holder), "retried", only_expired=False)

    assert scene.claimed_ids() == [behind]


def test_a_limit_key_is_shared_between_queues_and_types(scene: Scene) -> None:
    for job_id, queue, kind in (("a", "high", "greet"), ("b", "low", "other")):
        scene.accept(
            new_job(
                job_id,
                queue,
                job_type=kind,
                options={"limit_key": "acme", "limit": 1},
                limit_key="acme",
                limit=1,
            )
        )

    assert scene.claimed_ids() == ["a"]
    assert scene.look.gate("key:acme") == (["a"], 1)


def test_limits_hold_across_workers(scene: Scene) -> None:
    scene.do.limit("greet", 1)
    scene.accept(new_job("a"), new_job("b"))

    assert [len(scene.claim(5, worker=name)) for name in ("w1", "w2")] == [1, 0]


def test_those_that_run_already_count_against_a_new_limit(scene: Scene) -> None:
    held = scene.started()

    scene.do.limit("greet", 1)

    scene.waiting()
    assert scene.claim() == []
    assert scene.look.gate("type:greet") == ([held.id], 1)


def test_a_raised_limit_lets_as_many_through_as_there_is_room_in_their_order(
    scene: Scene,
) -> None:
    scene.parked_by_limit()
    more = scene.accept(*(new_job() for _ in range(3)))
    scene.claim(10)
    first = scene.look.parked("type:greet", 0, 1)

    scene.do.limit("greet", 3)

    assert scene.queue() == [*first, more[0]]
    assert scene.look.limits() == {"greet": 3}


def test_a_removed_limit_lets_everybody_through(scene: Scene) -> None:
    _, behind = scene.parked_by_limit()

    scene.do.limit("greet", 0)

    assert (scene.queue(), scene.look.limits()) == ([behind], {})


def test_a_job_held_by_two_limits_waits_for_both_and_lets_others_have_the_free_one(
    scene: Scene,
) -> None:
    keyed = {"options": {"limit_key": "k", "limit": 1}, "limit_key": "k", "limit": 1}
    scene.do.limit("greet", 1)
    scene.accept(new_job("a"), new_job("b", job_type="other", **keyed))
    a, b = scene.claim(2)
    scene.accept(new_job("both", **keyed), new_job("plain"))
    assert scene.claim(2) == []

    scene.settle(a, "finished")

    assert scene.claimed_ids() == ["plain"]
    assert scene.look.parked("key:k", 0, 10) == ["both"]
    scene.settle(b, "finished")
    assert scene.claim() == []


def test_a_job_whose_type_is_paused_while_it_waits_for_a_slot_waits_for_both(
    scene: Scene,
) -> None:
    holder, behind = scene.parked_by_limit()
    scene.do.pause("type:greet")
    scene.settle(holder, "finished")
    assert scene.claim() == []
    assert scene.look.parked("paused:greet", 0, 10) == [behind]

    scene.do.resume("type:greet", LANES)

    assert scene.claimed_ids() == [behind]


@pytest.mark.parametrize("gate", ["type:greet", "paused:greet"])
def test_a_parked_job_may_be_canceled(scene: Scene, gate: str) -> None:
    if gate == "type:greet":
        _, job_id = scene.parked_by_limit()
    else:
        scene.do.pause("type:greet")
        job_id = scene.waiting()
        scene.claim()

    assert scene.cancel(job_id) == [1]

    assert (scene.look.parked(gate, 0, 10), scene.books().parked) == ([], 0)


def test_a_job_that_was_let_through_and_is_canceled_passes_the_slot_on(scene: Scene) -> None:
    holder, first = scene.parked_by_limit()
    second = scene.waiting()
    scene.claim()
    scene.settle(holder, "finished")
    assert scene.queue() == [first]

    scene.cancel(first)

    assert scene.claimed_ids() == [second]


def test_a_parked_job_that_has_expired_never_runs(scene: Scene) -> None:
    holder = scene.started()
    scene.do.limit("greet", 1)
    late = scene.waiting(expires_at=scene.broker.now() + timedelta(seconds=50))
    after = scene.waiting()
    scene.claim(10)
    scene.broker.pass_time(51)
    scene.settle(holder, "finished")

    assert scene.claimed_ids() == [after]
    assert scene.state(late) == "canceled"
