"""A place of a key that is kept until the job has ended, so that those of a key go one after another."""

from __future__ import annotations

from typing import Any

import pytest

from backend.domain.jobs.job import NewJob
from backend.domain.jobs.options.unique import UniqueScope
from tests.contract.broker.jobs import new_job
from tests.contract.broker.scene import Scene

SAID: dict[str, Any] = {"limit_key": "crm:a", "limit": 1}
GATE = "key:crm:a"


def _next(scene: Scene, jobs: int = 1, **fields: Any) -> list[str]:
    said = {"options": {**SAID, "hold": True}, **SAID, **fields}
    return scene.accept(*(new_job(**said) for _ in range(jobs)))


@pytest.mark.parametrize("kind", ["retried", "snoozed"])
def test_a_job_keeps_its_place_while_it_waits_to_be_tried_again(scene: Scene, kind: str) -> None:
    first, second = _next(scene, 2)
    [held] = scene.claim(9)

    scene.settle(held, kind)

    assert scene.claimed_ids() == []
    assert scene.look.gate(GATE) == ([first], 1)
    scene.do.run_now([first], by="ada", reason="")
    [again] = scene.claim(9)
    assert again.id == first
    scene.settle(again, "finished")
    assert scene.claimed_ids() == [second]


@pytest.mark.parametrize("kind", ["released", "returned", "crashed", "suspected"])
def test_a_job_that_is_given_back_keeps_it_too(scene: Scene, kind: str) -> None:
    first, second = _next(scene, 2)
    [held] = scene.claim(9)

    scene.settle(held, kind)

    [again] = scene.claim(9)
    assert again.id == first
    assert scene.look.parked(GATE, 0, 9) == [second]


@pytest.mark.parametrize("kind", ["finished", "failed", "canceled"])
def test_however_it_ends_the_next_goes_on(scene: Scene, kind: str) -> None:
    _, second = _next(scene, 2)
    [held] = scene.claim(9)

    scene.settle(held, kind)

    assert scene.claimed_ids() == [second]
    assert scene.look.gate(GATE) == ([second], 0)


@pytest.mark.parametrize("how", ["cancel", "purge"])
def test_one_that_is_withdrawn_while_it_waits_gives_it_back(scene: Scene, how: str) -> None:
    first, second = _next(scene, 2)
    [held] = scene.claim(9)
    scene.settle(held, "released")
    if how == "cancel":
        assert scene.cancel(first) == [1]
    else:
        assert scene.do.purge("normal", by="ada", reason="") == 2
        second = _next(scene)[0]

    assert scene.claimed_ids() == [second]
    assert scene.look.gate(GATE) == ([second], 0)


def test_one_that_is_asked_to_stop_gives_it_back_when_it_has(scene: Scene) -> None:
    first, second = _next(scene, 2)
    [held] = scene.claim(9)
    assert scene.cancel(first) == [2]

    scene.settle(held, "retried")

    assert scene.claimed_ids() == [second]


def test_a_dead_job_has_none_and_stands_in_line_for_one_when_it_is_sent_home(scene: Scene) -> None:
    first, second = _next(scene, 2)
    [held] = scene.claim(9)
    scene.settle(held, "failed")
    [other] = scene.claim(9)
    assert other.id == second

    scene.do.redrive([first], by="ada", reason="")

    assert scene.claimed_ids() == []
    scene.settle(other, "finished")
    assert scene.claimed_ids() == [first]


def test_who_comes_later_goes_behind_those_who_wait(scene: Scene) -> None:
    first, second, third = _next(scene, 3)
    [held] = scene.claim(9)
    assert (held.id, scene.claimed_ids()) == (first, [])
    urgent = _next(scene, queue="high")[0]
    scene.settle(held, "finished")

    assert scene.claimed_ids() == [second]

    assert scene.look.parked(GATE, 0, 9) == [urgent, third]


def test_its_other_slots_are_given_back_after_each_attempt(scene: Scene) -> None:
    scene.do.limit("greet", 1)
    [first] = _next(scene)
    [held] = scene.claim(9)
    scene.settle(held, "retried")
    other = scene.waiting()

    assert scene.claimed_ids() == [other]

    assert scene.look.gate(GATE) == ([first], 0)


def test_as_many_as_the_limit_says_keep_a_place(scene: Scene) -> None:
    ids = _next(scene, 3, limit=2, options={"limit_key": "crm:a", "limit": 2, "hold": True})
    for held in scene.claim(9):
        scene.settle(held, "retried")

    assert scene.claimed_ids() == []

    assert scene.look.gate(GATE) == (sorted(ids[:2]), 1)


def test_those_that_keep_none_are_not_concerned(scene: Scene) -> None:
    ids = scene.accept(*(new_job(options=dict(SAID), **SAID) for _ in range(2)))
    [held] = scene.claim(9)

    scene.settle(held, "retried")

    assert (held.id, scene.claimed_ids()) == (ids[0], ids[1:])


def _replaced(**said: Any) -> NewJob:
    scope = UniqueScope("greet:7", "started", "replace")
    limited = {name: said[name] for name in ("limit_key", "limit") if name in said}
    return new_job(options={**said, "scope": scope.text}, scope=scope, **limited)


@pytest.mark.parametrize("delay", [0.0, 100.0])
@pytest.mark.parametrize(
    "said", [{"limit_key": "crm:b", "limit": 1, "hold": True}, SAID, {}], ids=str
)
def test_one_that_gets_another_payload_keeps_none_that_is_not_of_that(
    scene: Scene, said: dict[str, Any], delay: float
) -> None:
    first = _replaced(**SAID, hold=True)
    scene.accept(first)
    [held] = scene.claim()
    scene.settle(held, "returned", delay=delay)
    second = _next(scene)[0]
    assert scene.look.gate(GATE) == ([first.id], 0)

    assert scene.ask(_replaced(**said)) == [(first.id, False)]

    assert scene.look.gate(GATE) == ([], 0)
    scene.broker.pass_time(101)
    scene.promote()
    started = scene.claim(9)
    for job in started:
        scene.settle(job, "finished")
    started += scene.claim(9)
    assert sorted(job.id for job in started) == sorted([first.id, second])
    assert scene.look.parked(GATE, 0, 9) == []


def test_one_that_gets_another_payload_of_its_key_keeps_its_place(scene: Scene) -> None:
    first = _replaced(**SAID, hold=True)
    scene.accept(first)
    [held] = scene.claim()
    scene.settle(held, "returned", delay=100)
    second = _next(scene)[0]

    scene.ask(_replaced(**SAID, hold=True))

    assert scene.claimed_ids() == []
    assert scene.look.gate(GATE) == ([first.id], 1)
    assert scene.look.parked(GATE, 0, 9) == [second]
