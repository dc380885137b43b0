"""Places at a gate: held for as long as a job runs, given back once, whoever says what how often."""

from __future__ import annotations

from typing import Any

import pytest

from backend.domain.jobs.job import ClaimedJob
from backend.domain.jobs.options.quota import Quota
from backend.domain.jobs.options.rate import Rate
from backend.domain.jobs.options.rate_share import RateShare
from backend.domain.jobs.step_codes import ExtendCode, SettleCode
from tests.contract.broker.jobs import new_job
from tests.contract.broker.scene import Scene

#: A job of the only place of its type, its key and its tenant.
HELD: dict[str, Any] = {
    "options": {"tenant": "acme", "limit_key": "k", "limit": 1},
    "limit_key": "k",
    "limit": 1,
}
PLACES = ("type:greet", "key:k", "tenant:acme")
every_place = pytest.mark.parametrize("place", PLACES)


def _limited(scene: Scene, place: str) -> dict[str, Any]:
    """Jobs of which one may run at a time, by one gate alone."""
    if place == "type:greet":
        scene.do.limit("greet", 1)
        return {}
    if place == "tenant:acme":
        scene.broker.quotas.set("acme", Quota(running=1), by="ada", reason="")
        return {"options": {"tenant": "acme"}}
    return {"options": {"limit_key": "k", "limit": 1}, "limit_key": "k", "limit": 1}


def _three(scene: Scene, place: str) -> tuple[ClaimedJob, list[str]]:
    """Who runs, and the two who wait for its place."""
    fields = _limited(scene, place)
    held = scene.started(**fields)
    waiting = scene.accept(new_job(**fields), new_job(**fields))
    assert scene.claimed_ids() == []
    return held, waiting


@every_place
def test_a_place_is_held_for_as_long_as_its_job_runs_however_long(scene: Scene, place: str) -> None:
    """As solid_queue #735 and #689: lent for a time there, a second job ran beside a long one."""
    held, waiting = _three(scene, place)

    for _ in range(4):
        scene.broker.pass_time(50)
        [code] = scene.broker.leases.extend([(held.id, held.fence)], 60.0)
        assert code is ExtendCode.EXTENDED
    scene.broker.pass_time(10_000_000)

    assert scene.claimed_ids() == []
    assert scene.look.gate(place) == ([held.id], 2)
    assert scene.look.parked(place, 0, 9) == waiting


@every_place
@pytest.mark.parametrize("kind", ["finished", "retried", "failed", "released"])
def test_who_lost_his_job_gives_back_no_place_of_the_one_that_runs_it_now(
    scene: Scene, place: str, kind: str
) -> None:
    """As hatchet #1324 and trigger.dev #1933: two ends of one attempt freed two places."""
    held, _ = _three(scene, place)
    assert scene.rescue(scene.lease_of(held), "released", only_expired=False)
    [again] = scene.claim(1)

    assert scene.settle(held, kind) is SettleCode.LOST

    assert scene.claimed_ids() == []
    assert scene.look.gate(place)[0] == [again.id]
    scene.settle(again, "finished")
    scene.settle(again, "finished")
    assert len(scene.claimed_ids()) == 1
    assert len(scene.look.parked(place, 0, 9)) == 1


def test_an_end_gives_back_each_place_once(scene: Scene) -> None:
    scene.do.limit("greet", 1)
    scene.broker.quotas.set("acme", Quota(running=1), by="ada", reason="")
    held = scene.started(**HELD)
    assert [scene.look.gate(place)[0] for place in PLACES] == [[held.id]] * 3

    scene.settle(held, "finished")

    assert [scene.look.gate(place)[0] for place in PLACES] == [[]] * 3


def _spent(scene: Scene, gate: str) -> dict[str, Any]:
    """Jobs of which one may start in an hour; one has."""
    hour = Rate(1, 3600.0, 1)
    options: dict[str, str] = {}
    if gate == "rate:greet":
        scene.do.rate("greet", hour)
    elif gate == "rate:@acme":
        scene.broker.quotas.set("acme", Quota(starts=hour), by="ada", reason="")
        options = {"tenant": "acme"}
    else:
        options = {"rate_share": RateShare(1, 1, "crm:a", hour).text}
    scene.settle(scene.started(options=options), "finished")
    return {"options": options}


@pytest.mark.parametrize("gate", ["rate:greet", "rate:crm:a", "rate:@acme"])
def test_who_was_let_through_a_rate_and_found_it_spent_is_the_first_again(
    scene: Scene, gate: str
) -> None:
    """As brooce #11: there the loser of the race went to the end of the line."""
    fields = _spent(scene, gate)
    [first] = scene.accept(new_job(**fields))
    assert scene.claimed_ids() == []
    scene.broker.pass_time(3601)
    scene.promote()
    assert scene.queue() == [first]
    urgent = scene.started(**fields, queue="high")
    other = scene.accept(new_job(**fields, queue="normal:email"))
    assert scene.claimed_ids(9, ["normal:email"]) == []

    assert scene.claimed_ids() == []

    assert urgent.attempt == 1
    assert scene.look.parked(gate, 0, 9) == [first, *other]
