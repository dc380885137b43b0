"""Workers take jobs: in order, each once, with a lease and a fence."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from backend.domain.jobs.job_event import version_of
from backend.domain.ports import ClaimPlan
from tests.contract.broker.jobs import new_job, outcome
from tests.contract.broker.scene import Scene


def test_a_claimed_job_brings_all_that_its_worker_must_know(scene: Scene) -> None:
    scene.accept(new_job("a", options={"tenant": "acme"}, max_attempts=4, timeout=30))

    [held] = scene.claim(worker="w7")

    assert (held.id, held.attempt, held.failures, held.suspect) == ("a", 1, 0, False)
    assert (held.queue, held.job_type) == ("normal", "greet")
    assert (held.timeout, held.max_attempts) == (30.0, 4)
    assert json.loads(held.data)[2][1] == {"name": "Ada"}
    assert json.loads(held.options) == {"tenant": "acme"}
    view = scene.view("a")
    assert (view.state, view.attempt, view.worker) == ("started", 1, "w7")
    assert view.started_at is not None


def test_a_job_is_given_to_one_worker_only(scene: Scene) -> None:
    scene.waiting()

    assert len(scene.claim(worker="w1")) == 1
    assert scene.claim(worker="w2") == []


def test_high_comes_before_normal_before_low(scene: Scene) -> None:
    scene.accept(new_job("l", "low"), new_job("n", "normal"), new_job("h", "high"))

    assert scene.claimed_ids() == ["h", "n", "l"]


def test_a_queue_is_first_in_first_out(scene: Scene) -> None:
    ids = scene.accept(*(new_job() for _ in range(5)))

    assert scene.claimed_ids(3) + scene.claimed_ids(3) == ids


def test_no_more_are_taken_than_asked_for(scene: Scene) -> None:
    scene.accept(*(new_job() for _ in range(5)))

    assert len(scene.claim(2)) == 2
    assert scene.claim(0) == []
    assert (scene.count("queued"), scene.count("started")) == (3, 2)


def test_a_guaranteed_share_comes_first_and_the_rest_is_strict(scene: Scene) -> None:
    scene.accept(*(new_job(f"h{n}", "high") for n in range(4)), new_job("l0", "low"))

    claimed = [job.id for job in scene.claim(3, guaranteed={"low": 1})]

    assert claimed == ["l0", "h0", "h1"]


def test_a_share_that_a_queue_leaves_goes_to_the_next_of_its_priority(scene: Scene) -> None:
    scene.accept(*(new_job(f"h{n}", "high") for n in range(4)), new_job("e", "low:email"))
    queues = ("high", "low", "low:email")

    claimed = [job.id for job in scene.claim(2, queues, guaranteed={"low": 1})]

    assert claimed == ["e", "h0"]


def test_a_share_never_gives_more_than_asked_for(scene: Scene) -> None:
    scene.accept(*(new_job(queue="low") for _ in range(5)))

    assert len(scene.claim(2, guaranteed={"low": 4})) == 2


def test_only_the_queues_of_the_plan_are_looked_at(scene: Scene) -> None:
    scene.waiting(queue="high:email")

    assert scene.claim() == []
    assert len(scene.claim(queues=["high:email"])) == 1


def test_fences_only_grow(scene: Scene) -> None:
    scene.accept(new_job("a"), new_job("b"))
    first, second = scene.claim(2)
    scene.settle(first, "released")

    [again] = scene.claim(1)

    assert again.id == first.id
    assert version_of(first.fence) <= version_of(second.fence) < version_of(again.fence)


def test_settling_and_claiming_are_one_call(scene: Scene) -> None:
    held = scene.started()
    scene.accept(new_job("b"))

    codes, claimed = scene.worker().settle_and_claim(
        [(held, outcome("finished"))], [ClaimPlan("normal", 0)], 1
    )

    assert (codes, [job.id for job in claimed]) == ([1], ["b"])


def test_an_expired_job_is_canceled_and_never_runs(scene: Scene) -> None:
    late = scene.waiting(expires_at=scene.broker.now() + timedelta(seconds=100))
    scene.broker.pass_time(101)
    other = scene.waiting()

    assert scene.claimed_ids() == [other]
    assert scene.state(late) == "canceled"
    assert scene.events(late)[-1].body == "expired"


@pytest.mark.parametrize("kind", ["retried", "snoozed", "released", "crashed", "suspected"])
def test_a_job_that_has_begun_in_time_goes_on_by_its_own_rules(scene: Scene, kind: str) -> None:
    """Its retries, and attempts that were lost, are not late: it ends as its rules say."""
    held = scene.started(expires_at=scene.broker.now() + timedelta(seconds=100), max_attempts=2)
    scene.settle(held, kind)
    scene.broker.pass_time(301)
    scene.promote()

    [again] = scene.claim(9)
    scene.settle(again, "failed")

    assert (again.id, scene.state(held.id)) == (held.id, "failed")


def test_one_whose_worker_was_lost_goes_on_too(scene: Scene) -> None:
    held = scene.started(expires_at=scene.broker.now() + timedelta(seconds=100))
    scene.broker.pass_time(200)
    assert scene.rescue(scene.lease_of(held), "crashed", only_expired=False)

    assert scene.claimed_ids() == [held.id]


@pytest.mark.parametrize("year", [1, 1969, 1970])
def test_an_instant_long_ago_is_one_too(scene: Scene, year: int) -> None:
    job_id = scene.waiting(expires_at=datetime(year, 1, 1, tzinfo=UTC))
    assert scene.view(job_id).expires_at == datetime(1970, 1, 1, tzinfo=UTC)

    assert scene.claim() == []

    assert scene.state(job_id) == "canceled"


def test_a_job_that_was_given_back_before_it_began_expires(scene: Scene) -> None:
    held = scene.started(expires_at=scene.broker.now() + timedelta(seconds=100))
    scene.settle(held, "returned")
    scene.broker.pass_time(101)

    assert scene.claimed_ids() == []
    assert scene.state(held.id) == "canceled"


def test_how_long_a_job_was_ready_is_told(scene: Scene) -> None:
    scene.waiting()

    [held] = scene.claim()

    assert 0 <= held.wait < 60
