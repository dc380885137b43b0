"""Who was let through a rate and does not start, for whatever reason, holds up nobody for long."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backend.domain.jobs.job import NewJob
from backend.domain.jobs.options.quota import Quota
from backend.domain.jobs.options.rate import Rate
from backend.domain.jobs.options.rate_share import RateShare
from tests.contract.broker.jobs import new_job
from tests.contract.broker.scene import Scene

#: More at once than are looked at.
MANY = Rate(300, 6000.0, 150)
ONE = Rate(6, 60.0, 1)
EMAIL = "normal:email"
KINDS = ("type", "key", "tenant")
GATES = {"type": "rate:greet", "key": "rate:crm:a", "tenant": "rate:@acme"}


def _rated(scene: Scene, kind: str, rate: Rate) -> dict[str, str]:
    """The options of jobs that such a rate holds."""
    if kind == "type":
        scene.do.rate("greet", rate)
        return {}
    if kind == "tenant":
        scene.broker.quotas.set("acme", Quota(starts=rate), by="ada", reason="")
        return {"tenant": "acme"}
    return {"rate_share": RateShare(1, 1, "crm:a", rate).text}


def _jobs(count: int, options: dict[str, str], **fields: object) -> list[NewJob]:
    return [new_job(options=dict(options), **fields) for _ in range(count)]


def _park(scene: Scene, kind: str, options: dict[str, str], queue: str, **fields: object) -> None:
    """All that may start at once have, and twice as many wait for their turn."""
    scene.accept(*_jobs(150, options))
    assert len(scene.claim(200)) == 150
    scene.accept(*_jobs(300, options, queue=queue, **fields))
    while scene.queue(queue):
        scene.claim(200)
    assert len(scene.look.parked(GATES[kind], 0, 999)) == 300


def _let_through(scene: Scene, queue: str) -> list[str]:
    """All workers are busy while the gate opens by time."""
    for seconds in (6100, 1, 1):
        scene.broker.pass_time(seconds)
        scene.promote()
    through = scene.look.waiting(queue, 0, 999)
    assert len(through) == 150
    return through


def _started_later(scene: Scene, queues: tuple[str, ...] = ("high", "normal", "low")) -> int:
    started = 0
    for _ in range(4):
        scene.broker.pass_time(20)
        scene.promote()
        started += len(scene.claim(200, queues))
    return started


@pytest.mark.parametrize("kind", KINDS)
def test_however_many_are_let_through_and_withdrawn_the_next_ones_start(
    scene: Scene, kind: str
) -> None:
    _park(scene, kind, _rated(scene, kind, MANY), "normal")

    scene.cancel(*_let_through(scene, "normal"))

    assert _started_later(scene) == 150


def test_however_many_are_purged_the_next_ones_start_at_once(scene: Scene) -> None:
    _park(scene, "type", _rated(scene, "type", MANY), "high")
    _let_through(scene, "high")
    scene.accept(*_jobs(50, {}, queue="low"))
    scene.claim(200, ("low",))

    scene.do.purge("high", by="ada", reason="")
    scene.promote()

    assert len(scene.claim(200)) == 50


def test_however_many_expire_on_their_way_the_next_ones_start(scene: Scene) -> None:
    soon = scene.broker.now() + timedelta(seconds=6130)
    _park(scene, "type", _rated(scene, "type", MANY), "normal", expires_at=soon)
    _let_through(scene, "normal")
    scene.accept(*_jobs(50, {}))
    scene.broker.pass_time(40)

    assert _started_later(scene) == 50


@pytest.mark.parametrize("kind", KINDS)
def test_those_in_a_queue_that_is_paused_hold_up_no_other_queue(scene: Scene, kind: str) -> None:
    options = _rated(scene, kind, MANY)
    _park(scene, kind, options, "high")
    _let_through(scene, "high")
    while scene.look.parked(GATES[kind], 0, 1):
        scene.cancel(*scene.look.parked(GATES[kind], 0, 999))
    scene.do.pause("queue:high")
    scene.accept(*_jobs(20, options, queue="low"))

    assert _started_later(scene) == 20


def _one_in_a_lane_that_nobody_serves(scene: Scene, kind: str) -> tuple[str, list[str]]:
    """He is on his way there; who waits behind him, for the same rate, in a lane with workers."""
    options = _rated(scene, kind, ONE)
    first, lone = scene.accept(*_jobs(2, options, queue=EMAIL))
    assert scene.claimed_ids(2, (EMAIL,)) == [first]
    others = scene.accept(*_jobs(3, options))
    assert scene.claimed_ids() == []
    scene.broker.pass_time(11)
    scene.promote()
    assert scene.queue(EMAIL) == [lone]
    return lone, others


@pytest.mark.parametrize("kind", KINDS)
def test_a_lane_that_nobody_serves_holds_a_rate_for_a_minute_and_somebody_looks_then(
    scene: Scene, kind: str
) -> None:
    lone, others = _one_in_a_lane_that_nobody_serves(scene, kind)
    scene.broker.pass_time(40)
    promotion = scene.broker.timetable.promote(10, 0)
    assert scene.claimed_ids() == []
    assert 0 < (promotion.next_due or 0) <= 20.01

    started = []
    for seconds in (21, 11, 11):
        scene.broker.pass_time(seconds)
        scene.promote()
        started += scene.claimed_ids()

    assert (started, scene.queue(EMAIL)) == (others, [lone])


@pytest.mark.parametrize("kind", KINDS)
def test_however_many_wait_for_a_lane_that_nobody_serves_the_others_have_their_turn_soon(
    scene: Scene, kind: str
) -> None:
    options = _rated(scene, kind, ONE)
    first, *_ = scene.accept(*_jobs(30, options, queue=EMAIL))
    assert scene.claimed_ids(2, (EMAIL,)) == [first]
    assert len(scene.look.parked(GATES[kind], 0, 99)) == 29
    others = scene.accept(*_jobs(3, options))
    started = scene.claimed_ids()
    for seconds in (11, 61, *[1] * 60):
        scene.broker.pass_time(seconds)
        scene.promote()
        started += scene.claimed_ids()

    assert started == others


@pytest.mark.parametrize("kind", KINDS)
def test_who_comes_after_all_is_asked_for_a_token_and_is_the_next(scene: Scene, kind: str) -> None:
    lone, others = _one_in_a_lane_that_nobody_serves(scene, kind)
    scene.broker.pass_time(61)
    scene.promote()
    assert scene.claimed_ids() == others[:1]

    assert scene.claimed_ids(9, (EMAIL,)) == []

    assert scene.look.parked(GATES[kind], 0, 9) == [lone, *others[1:]]
    scene.broker.pass_time(11)
    scene.promote()
    assert scene.claimed_ids(9, (EMAIL, "normal")) == [lone]


def test_who_finds_another_gate_shut_gives_his_turn_to_the_next(scene: Scene) -> None:
    scene.do.rate("greet", ONE)
    first, second, third = scene.accept(
        new_job(), new_job(limit_key="a", limit=1), new_job(limit_key="b", limit=1)
    )
    holder = scene.accept(new_job(job_type="other", limit_key="a", limit=1))
    assert scene.claimed_ids() == [first, *holder]
    scene.broker.pass_time(11)
    scene.promote()
    assert scene.queue() == [second]

    assert scene.claimed_ids() == [third]


def test_looks_become_fewer_the_longer_nobody_comes(scene: Scene) -> None:
    scene.do.rate("greet", ONE)
    _one_in_a_lane_that_nobody_serves(scene, "type")
    pauses = []
    for _ in range(6):
        pause = scene.broker.timetable.promote(10, 0).next_due or 0
        pauses.append(pause)
        scene.broker.pass_time(pause + 0.001)

    assert max(pauses) <= 30.01
    assert sum(pauses) > 1
