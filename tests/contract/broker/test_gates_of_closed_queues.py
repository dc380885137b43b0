"""A queue where nothing starts now holds up nobody who waits behind the same gate for another queue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from backend.domain.jobs.options.quota import Quota
from tests.contract.broker.freezing import freeze
from tests.contract.broker.jobs import new_job
from tests.contract.broker.scene import QUEUES, Scene

GATES = ("type", "key", "tenant")


def _one_at_a_time(scene: Scene, by: str) -> dict[str, Any]:
    """What jobs say of which one may run."""
    if by == "key":
        return {"options": {"limit_key": "k", "limit": 1}, "limit_key": "k", "limit": 1}
    if by == "tenant":
        scene.broker.quotas.set("acme", Quota(running=1), by="ada", reason="")
        return {"options": {"tenant": "acme"}}
    scene.do.limit("greet", 1)
    return {}


def _close(scene: Scene, how: str) -> None:
    if how == "frozen":
        freeze(scene, "queue:normal", lasts=500)
    else:
        scene.do.pause("queue:normal", by="ada", reason="")


def _open(scene: Scene, how: str) -> None:
    if how == "frozen":
        scene.broker.pass_time(501)
    else:
        scene.do.resume("queue:normal", ["default"], by="ada", reason="")


def _started_one_by_one(scene: Scene, queues: Sequence[str] = QUEUES) -> list[str]:
    started = []
    while held := scene.claim(9, queues):
        started += [job.id for job in held]
        assert len(held) == 1
        scene.settle(held[0], "finished")
    return started


@pytest.mark.parametrize("how", ["paused", "frozen"])
@pytest.mark.parametrize("by", GATES)
def test_who_is_let_through_may_start(scene: Scene, by: str, how: str) -> None:
    said = _one_at_a_time(scene, by)
    holder = scene.started(**said)
    normal = scene.accept(*(new_job(**said) for _ in range(3)))
    low = scene.accept(*(new_job(queue="low", **said) for _ in range(2)))
    assert scene.claim(9) == []
    _close(scene, how)

    scene.settle(holder, "finished")

    assert _started_one_by_one(scene) == low
    _open(scene, how)
    assert _started_one_by_one(scene) == normal


@pytest.mark.parametrize("how", ["paused", "frozen"])
@pytest.mark.parametrize("by", GATES)
def test_where_nobody_else_waits_the_next_is_sent_and_starts_when_its_queue_opens(
    scene: Scene, by: str, how: str
) -> None:
    said = _one_at_a_time(scene, by)
    holder = scene.started(**said)
    ids = scene.accept(*(new_job(**said) for _ in range(2)))
    assert scene.claim(9) == []
    _close(scene, how)
    scene.settle(holder, "finished")
    assert scene.claim(9) == []

    _open(scene, how)

    assert _started_one_by_one(scene) == ids


def test_where_all_may_go_they_do(scene: Scene) -> None:
    """As at the end of a limit: there is room for each of them."""
    _, first = scene.parked_by_limit()
    low = scene.accept(new_job(queue="low"), new_job(queue="low"))
    assert scene.claim(9) == []
    _close(scene, "paused")

    scene.do.limit("greet", 0)

    assert (scene.queue(), scene.queue("low")) == ([first], low)


def test_nor_does_a_lane_that_is_paused_hold_up_another_one(scene: Scene) -> None:
    said = _one_at_a_time(scene, "key")
    holder = scene.started(**said)
    email, low = scene.accept(new_job(queue="normal:email", **said), new_job(queue="low", **said))
    assert scene.claim(9, ["normal:email", "low"]) == []
    scene.do.pause("lane:email", by="ada", reason="")

    scene.settle(holder, "finished")

    assert scene.claimed_ids() == [low]
    assert scene.look.parked("key:k", 0, 9) == [email]


@pytest.mark.parametrize("by", GATES)
def test_nor_do_those_who_stand_before_another_in_its_line(scene: Scene, by: str) -> None:
    said = _one_at_a_time(scene, by)
    holder = scene.started(**said)
    emails = scene.accept(*(new_job(queue="normal:email", **said) for _ in range(3)))
    others = scene.accept(*(new_job(**said) for _ in range(2)))
    assert scene.claim(9, ["normal:email", "normal"]) == []
    scene.do.pause("lane:email", by="ada", reason="")

    scene.settle(holder, "finished")

    assert _started_one_by_one(scene) == others
    scene.do.resume("lane:email", ["email"], by="ada", reason="")
    assert _started_one_by_one(scene, ["normal:email"]) == emails
