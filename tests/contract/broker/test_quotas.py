"""Quotas: how many jobs of a tenant may wait, run at once, and start in a time."""

from __future__ import annotations

from typing import Any

import pytest

from backend.domain.errors import QueueFull, QuotaExceeded
from backend.domain.jobs.job import NewJob
from backend.domain.jobs.options.quota import Quota, QuotaState
from backend.domain.jobs.options.rate import Rate
from tests.contract.broker.jobs import new_job
from tests.contract.broker.scene import Scene


def _job(tenant: str = "acme", **fields: Any) -> NewJob:
    return new_job(**{"options": {"tenant": tenant}, **fields})


def _jobs(scene: Scene, number: int, tenant: str = "acme", **fields: Any) -> list[str]:
    return scene.accept(*(_job(tenant, **fields) for _ in range(number)))


def _say(scene: Scene, *, tenant: str = "acme", **numbers: Any) -> None:
    scene.broker.quotas.set(tenant, Quota(**numbers), by="ada", reason="they pay for so much")


def _clear(scene: Scene) -> None:
    scene.broker.quotas.set("acme", None, by="ada", reason="")


def _state(scene: Scene) -> QuotaState:
    found = scene.broker.quotas.find("acme")
    assert found is not None
    return found


def _numbers(scene: Scene) -> tuple[int, int, int]:
    """How many wait, run, and wait aside."""
    found = _state(scene)
    return found.waiting, found.running, found.aside


# -- waiting


def test_the_next_job_of_a_tenant_is_refused_that_has_used_up_its_quota(scene: Scene) -> None:
    _say(scene, waiting=2)
    _jobs(scene, 2)

    with pytest.raises(QuotaExceeded) as refused:
        scene.ask(_job(job_id="late"))

    assert str(refused.value) == (
        "2 jobs of the tenant 'acme' wait, and its quota is 2; job late was not accepted. "
        "Wait for workers, or raise it with `tally tenants quota`"
    )
    told = {"tenant": "acme", "waiting": 2, "limit": 2, "accepted": 0}
    assert refused.value.details == told
    assert isinstance(refused.value, QueueFull)
    assert _numbers(scene) == (2, 0, 0)


def test_other_tenants_and_jobs_of_nobody_are_not_concerned(scene: Scene) -> None:
    _say(scene, waiting=1)
    _jobs(scene, 1)

    _jobs(scene, 2, "globex")
    scene.accept(new_job(), _job("", options={"tags": ["tenant"]}))


def test_of_many_jobs_those_that_fit_are_accepted(scene: Scene) -> None:
    _say(scene, waiting=3)
    _jobs(scene, 1)

    with pytest.raises(QuotaExceeded) as refused:
        scene.ask(*(_job(job_id=f"j{number}") for number in range(4)))

    assert refused.value.details["accepted"] == 2
    assert refused.value.details["accepted_ids"] == ["j0", "j1"]
    assert (refused.value.details["waiting"], refused.value.details["limit"]) == (3, 3)
    assert scene.queue()[1:] == ["j0", "j1"]


def test_the_same_job_again_is_no_further_one(scene: Scene) -> None:
    _say(scene, waiting=1)
    job = _job(job_id="once")

    assert scene.ask(job) == [("once", True)]
    assert scene.ask(job) == [("once", False)]


def test_scheduled_jobs_and_those_aside_wait_too(scene: Scene) -> None:
    _say(scene, waiting=3, running=1)
    _jobs(scene, 1, delay=1000.0)
    _jobs(scene, 2)
    assert len(scene.claim(5)) == 1

    assert _numbers(scene) == (2, 1, 1)
    _jobs(scene, 1)
    with pytest.raises(QuotaExceeded):
        scene.ask(_job())


def test_a_job_that_starts_makes_room(scene: Scene) -> None:
    _say(scene, waiting=1)
    _jobs(scene, 1)
    [held] = scene.claim(1)

    _jobs(scene, 1)
    scene.settle(held, "finished")

    assert _numbers(scene) == (1, 0, 0)
    with pytest.raises(QuotaExceeded):
        scene.ask(_job())


@pytest.mark.parametrize(
    "kind", ["retried", "snoozed", "released", "crashed", "suspected", "returned"]
)
def test_a_job_that_waits_again_counts_again_and_is_never_refused(scene: Scene, kind: str) -> None:
    _say(scene, waiting=1)
    _jobs(scene, 1)
    [held] = scene.claim(1)
    _jobs(scene, 1)

    scene.settle(held, kind)

    assert _numbers(scene) == (2, 0, 0)
    with pytest.raises(QuotaExceeded, match="2 jobs of the tenant 'acme' wait, and its quota is 1"):
        scene.ask(_job())


def test_withdrawn_jobs_count_no_more_wherever_they_waited(scene: Scene) -> None:
    _say(scene, waiting=4, running=1)
    queued, other, aside = _jobs(scene, 3)
    scheduled = _jobs(scene, 1, delay=1000.0)[0]
    assert scene.claimed_ids(2) == [queued]
    assert _numbers(scene) == (3, 1, 2)

    scene.do.cancel([other, aside, scheduled], by="ada", reason="", force=False)

    assert _numbers(scene) == (0, 1, 0)


def test_a_dead_job_waits_no_more_and_does_when_it_is_sent_home(scene: Scene) -> None:
    _say(scene, waiting=1)
    [job_id] = _jobs(scene, 1)
    [held] = scene.claim(1)
    scene.settle(held, "failed")
    assert _numbers(scene) == (0, 0, 0)

    scene.do.redrive([job_id], by="ada", reason="")

    assert _numbers(scene) == (1, 0, 0)


def test_purging_a_queue_makes_room(scene: Scene) -> None:
    _say(scene, waiting=2)
    _jobs(scene, 2)

    scene.do.purge("normal", by="ada", reason="")

    assert _numbers(scene) == (0, 0, 0)


def test_jobs_from_before_the_quota_count(scene: Scene) -> None:
    _jobs(scene, 1, delay=1000.0)
    _jobs(scene, 3)
    scene.claim(1)

    _say(scene, waiting=4)

    assert _numbers(scene) == (3, 1, 0)
    _jobs(scene, 1)
    with pytest.raises(QuotaExceeded):
        scene.ask(_job())


def test_another_number_holds_at_once(scene: Scene) -> None:
    _say(scene, waiting=1)
    _jobs(scene, 1)
    with pytest.raises(QuotaExceeded):
        scene.ask(_job())

    _say(scene, waiting=2)
    _jobs(scene, 1)
    _say(scene, waiting=1)

    with pytest.raises(QuotaExceeded, match="2 jobs of the tenant 'acme' wait, and its quota is 1"):
        scene.ask(_job())


def test_without_a_quota_as_many_wait_as_come(scene: Scene) -> None:
    _say(scene, waiting=1)
    _jobs(scene, 1)

    _clear(scene)

    _jobs(scene, 2)
    assert (scene.broker.quotas.find("acme"), scene.broker.quotas.all(9)) == (None, [])


def test_a_quota_that_comes_back_counts_those_that_came_between(scene: Scene) -> None:
    _say(scene, waiting=5)
    _jobs(scene, 2)
    _clear(scene)
    _jobs(scene, 2)
    scene.claim(1)

    _say(scene, waiting=5)

    assert _numbers(scene) == (3, 1, 0)


def test_follow_ups_are_not_refused_and_count(scene: Scene) -> None:
    _say(scene, waiting=1)
    plan = {
        "id": "after",
        "job_type": "greet",
        "queue": "normal",
        "payload": '{"job_id":"x"',
        "options": '{"tenant":"acme"}',
        "max_attempts": 3,
        "timeout": 60,
        "result_ttl": 500,
    }
    _jobs(scene, 1, options={"tenant": "acme", "follow": {"on_success": plan}})
    [held] = scene.claim(1)
    _jobs(scene, 1)

    scene.settle(held, "finished")

    assert _numbers(scene) == (2, 0, 0)


# -- running


def test_no_more_run_at_once_than_may_and_the_others_wait_aside(scene: Scene) -> None:
    _say(scene, running=2)
    ids = _jobs(scene, 4)
    others = _jobs(scene, 1, "globex")

    held = scene.claim(9)

    assert [job.id for job in held] == [*ids[:2], *others]
    assert scene.look.parked("tenant:acme", 0, 9) == ids[2:]
    assert [scene.view(job_id).attempt for job_id in ids[2:]] == [0, 0]
    scene.settle(held[0], "finished")
    assert scene.claimed_ids() == ids[2:3]


def test_another_number_lets_those_through_that_wait(scene: Scene) -> None:
    _say(scene, running=1)
    ids = _jobs(scene, 4)
    assert scene.claimed_ids() == ids[:1]

    _say(scene, running=3)

    assert scene.claimed_ids() == ids[1:3]
    assert _numbers(scene) == (1, 3, 1)


def test_a_lower_number_lets_who_runs_go_on_and_nobody_else_start(scene: Scene) -> None:
    _say(scene, running=3)
    _jobs(scene, 4)
    held = scene.claim(9)

    _say(scene, running=1)
    scene.settle(held[0], "finished")
    scene.settle(held[1], "finished")

    assert scene.claimed_ids() == []
    scene.settle(held[2], "finished")
    assert len(scene.claimed_ids()) == 1


def test_without_a_quota_all_are_let_through(scene: Scene) -> None:
    _say(scene, running=1)
    ids = _jobs(scene, 4)
    scene.claimed_ids()

    _clear(scene)

    assert scene.claimed_ids() == ids[1:]


def test_those_that_run_already_count(scene: Scene) -> None:
    ids = _jobs(scene, 3)
    held = scene.claim(2)

    _say(scene, running=2)

    assert scene.claimed_ids() == []
    scene.settle(held[0], "finished")
    assert scene.claimed_ids() == ids[2:]


def test_a_full_quota_takes_no_slot_of_another_limit(scene: Scene) -> None:
    scene.do.limit("greet", 2)
    _say(scene, running=1)
    ids = _jobs(scene, 2)
    others = _jobs(scene, 1, "globex")

    assert scene.claimed_ids() == [ids[0], *others]
    assert scene.look.parked("tenant:acme", 0, 9) == ids[1:]


def test_who_is_let_through_and_withdrawn_sends_the_next(scene: Scene) -> None:
    _say(scene, running=1)
    ids = _jobs(scene, 3)
    [held] = scene.claim(9)
    scene.settle(held, "finished")

    scene.do.cancel([ids[1]], by="ada", reason="", force=False)

    assert scene.claimed_ids() == ids[2:]


# -- starts


def test_no_more_start_in_a_time_than_may(scene: Scene) -> None:
    _say(scene, starts=Rate(6, 60.0, 1))
    ids = _jobs(scene, 3)
    others = _jobs(scene, 1, "globex")

    assert scene.claimed_ids() == [ids[0], *others]
    assert scene.look.parked("rate:@acme", 0, 9) == ids[1:]
    found = _state(scene)
    assert (found.aside, found.opens_at is not None) == (2, True)

    scene.broker.pass_time(11)
    scene.promote()

    assert scene.claimed_ids() == ids[1:2]


def test_a_rate_of_the_type_and_one_of_the_tenant_hold_both(scene: Scene) -> None:
    scene.do.rate("greet", Rate(6, 60.0, 1))
    _say(scene, starts=Rate(2, 60.0, 1))
    ids = _jobs(scene, 2)
    assert scene.claimed_ids() == ids[:1]

    started = 0
    for _ in range(6):
        scene.broker.pass_time(11)
        scene.promote()
        started += len(scene.claimed_ids())
        if started:
            break

    assert started == 1
    assert _numbers(scene) == (0, 2, 0)


def test_another_rate_holds_for_those_that_wait(scene: Scene) -> None:
    _say(scene, starts=Rate(1, 3600.0, 1))
    ids = _jobs(scene, 3)
    assert scene.claimed_ids() == ids[:1]

    _clear(scene)

    assert scene.claimed_ids() == ids[1:]


# -- what is seen of them


def test_what_was_said_is_seen_with_who_said_it(scene: Scene) -> None:
    quota = Quota(50_000, 40, Rate(600, 60, 60))
    scene.broker.quotas.set("acme", quota, by="ada", reason="they pay for so much")
    _say(scene, tenant="zeta", waiting=1)

    found = _state(scene)

    assert (found.quota, found.by, found.reason) == (quota, "ada", "they pay for so much")
    assert found.is_counted
    assert found.since is not None
    assert [state.tenant for state in scene.broker.quotas.all(9)] == ["acme", "zeta"]
    assert [state.tenant for state in scene.broker.quotas.all(1)] == ["acme"]
