"""Who would be answered in the place of a job that is asked for; nothing changes."""

from __future__ import annotations

from typing import Any

import pytest

from backend.domain.jobs.job import NewJob
from backend.domain.jobs.options.unique import UniqueScope
from backend.domain.jobs.plans.twin import Twin, TwinBy
from tests.contract.broker.jobs import new_job
from tests.contract.broker.scene import Scene

SCOPE = UniqueScope("greet:7", "started")
KEYED = {"unique_key": "call-1", "unique_window": 600.0, "digest": "d1"}


def _same(**said: Any) -> NewJob:
    return new_job(scope=SCOPE._replace(**said))


def _twin(scene: Scene, job: NewJob) -> Twin | None:
    [found] = scene.look.twins([job])
    return found


def test_a_job_that_is_like_no_other_has_none(scene: Scene) -> None:
    scene.accept(_same())

    assert scene.look.twins([new_job(), new_job(scope=SCOPE._replace(key="greet:8"))]) == [None] * 2


@pytest.mark.parametrize("until", ["started", "ended", "3600"])
def test_a_job_that_is_the_same_is_named_while_it_holds_the_key(scene: Scene, until: str) -> None:
    [first] = scene.accept(_same(until=until))
    asked = _same(until=until)

    assert _twin(scene, asked) == Twin(first, TwinBy.UNIQUE, asked.scope)

    scene.cancel(first)
    assert _twin(scene, asked) is None


def test_it_tells_whether_the_payload_would_replace_that_of_the_other(scene: Scene) -> None:
    [first] = scene.accept(_same())
    asked = _same(on_conflict="replace")

    assert _twin(scene, asked) == Twin(first, TwinBy.UNIQUE, asked.scope, replaced=True)
    scene.claim()
    assert _twin(scene, asked) is None


def test_who_has_been_tried_gets_no_payload(scene: Scene) -> None:
    held = scene.started(scope=SCOPE._replace(until="ended"))
    scene.settle(held, "retried")
    asked = _same(on_conflict="replace")

    assert _twin(scene, asked) == Twin(held.id, TwinBy.UNIQUE, asked.scope)


def test_a_call_that_was_made_before_is_named_by_its_key(scene: Scene) -> None:
    held = scene.started(**KEYED)
    scene.settle(held, "finished", result='"done"')

    assert _twin(scene, new_job(**KEYED)) == Twin(held.id, TwinBy.IDEMPOTENCY_KEY)


def test_a_key_of_other_contents_is_a_conflict(scene: Scene) -> None:
    [first] = scene.accept(new_job(**KEYED))

    found = _twin(scene, new_job(**(KEYED | {"digest": "d2"})))

    assert found == Twin(first, TwinBy.IDEMPOTENCY_KEY, is_conflict=True)


def test_an_id_that_is_there_goes_before_all(scene: Scene) -> None:
    alone, keyed = new_job(scope=SCOPE), new_job(**KEYED)
    scene.accept(alone, keyed)

    assert scene.look.twins([alone, keyed]) == [
        Twin(alone.id, TwinBy.JOB_ID),
        Twin(keyed.id, TwinBy.JOB_ID),
    ]


def test_to_ask_changes_nothing(scene: Scene) -> None:
    [first] = scene.accept(_same())
    before = scene.view(first)

    scene.look.twins([_same(on_conflict="replace") for _ in range(150)])

    assert (scene.view(first), scene.kinds(first)) == (before, ["enqueued"])


def test_who_holds_a_key_is_told_and_nobody_does_once_it_is_free(scene: Scene) -> None:
    assert scene.look.holder_of(SCOPE) == ""
    [first] = scene.accept(_same())
    assert scene.look.holder_of(SCOPE) == first

    scene.claim()

    assert scene.look.holder_of(SCOPE) == ""
