"""What is enqueued when a job ends: in the same step, whoever ends it, once."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from backend.broker.jobs import codec
from backend.domain.jobs.attempts.outcome import POISON, AttemptError
from backend.domain.jobs.job import ClaimedJob
from backend.domain.jobs.options.follow_ups import follow_up_id
from backend.domain.jobs.options.job_labels import labels_in
from tests.contract.broker.followed import (
    LETTER,
    followed_job,
    job_with_a_letter,
    receipt_of,
    say_to_all,
    telling_of,
)
from tests.contract.broker.jobs import outcome
from tests.contract.broker.scene import Scene


def _held(scene: Scene, **options: Any) -> ClaimedJob:
    [job_id] = scene.accept(followed_job(**options))
    return next(held for held in scene.claim(10) if held.id == job_id)


def _settled(kind: str, **fields: Any) -> Callable[[Scene], str]:
    def end(scene: Scene) -> str:
        held = _held(scene)
        scene.settle(held, kind, **fields)
        return held.id

    return end


def _spent_by_crashes(scene: Scene) -> str:
    held = _held(scene)
    scene.settle(held, "crashed")
    [again] = scene.claim()
    scene.settle(again, "crashed")
    return held.id


def _rescued(kind: str, *, waits: bool) -> Callable[[Scene], str]:
    def end(scene: Scene) -> str:
        held = _held(scene, max_retries=0)
        if waits:
            scene.broker.pass_time(100)
        assert scene.rescue(scene.lease_of(held), kind, only_expired=waits)
        return held.id

    return end


def _expired(scene: Scene) -> str:
    late = followed_job(expires_at=scene.broker.now() + timedelta(seconds=100))
    scene.accept(late)
    scene.broker.pass_time(101)
    assert scene.claim(1, ["normal"]) == []
    return late.id


def _canceled_waiting(scene: Scene) -> str:
    [job_id] = scene.accept(followed_job())
    scene.cancel(job_id)
    return job_id


def _canceled_running(kind: str) -> Callable[[Scene], str]:
    def end(scene: Scene) -> str:
        held = _held(scene)
        scene.cancel(held.id)
        scene.settle(held, kind)
        return held.id

    return end


def _canceled_on_time(scene: Scene) -> str:
    late = followed_job(delay=100.0)
    scene.accept(late)
    scene.cancel(late.id)
    return late.id


def _purged(scene: Scene) -> str:
    [job_id] = scene.accept(followed_job())
    assert scene.do.purge("normal", by="ada", reason="") == 1
    return job_id


def _resolved(scene: Scene) -> str:
    job_id = _settled("failed")(scene)
    assert scene.do.resolve([job_id], by="ada", reason="by hand") == [1]
    return job_id


def _discarded(scene: Scene) -> str:
    job_id = _settled("failed")(scene)
    assert scene.do.discard([job_id], by="ada", reason="") == [1]
    return job_id


SUCCESS = [("receipt", "finished", 1)]
FAILURE = [("tell", "failed", 1)]
ENDERS: dict[str, tuple[Callable[[Scene], str], list[tuple[str, str, int]]]] = {
    "finished": (_settled("finished", result="1"), SUCCESS),
    "given up": (_settled("failed"), FAILURE),
    "poison": (_settled("failed", error=AttemptError(POISON, "ProcessDied", "again")), FAILURE),
    "timed out": (_settled("failed", error=AttemptError("timeout", "TimeLimit", "60")), FAILURE),
    "spent by crashes": (_spent_by_crashes, [("tell", "failed", 2)]),
    "rescued from the dead": (_rescued("failed", waits=False), FAILURE),
    "rescued when its lease ended": (_rescued("crashed", waits=True), FAILURE),
    "expired": (_expired, [("tell", "canceled", 0)]),
    "done by hand": (_resolved, [*FAILURE, *SUCCESS]),
    "discarded": (_discarded, FAILURE),
    "withdrawn": (_canceled_waiting, []),
    "withdrawn before its time": (_canceled_on_time, []),
    "withdrawn by its handler": (_settled("canceled"), []),
    "withdrawn, then retried": (_canceled_running("retried"), []),
    "withdrawn, then given back": (_canceled_running("returned"), []),
    "purged": (_purged, []),
}


@pytest.mark.parametrize("name", ENDERS)
def test_every_end_calls_what_follows_it_and_nothing_else(scene: Scene, name: str) -> None:
    end, expected = ENDERS[name]

    job_id = end(scene)

    claimed = scene.claim(10, ["high", "low", "normal"])
    assert [_told(job, job_id) for job in claimed] == expected
    assert scene.claim(10) == []


def _told(job: ClaimedJob, of: str) -> tuple[str, str, int]:
    payload = codec.payload_of(job.data)
    assert (payload["job_id"], payload["job_type"]) == (of, "greet")
    assert job.id == (receipt_of(of) if job.job_type == "receipt" else telling_of(of))
    return job.job_type, payload["state"], payload["attempt"]


@pytest.mark.parametrize("kind", ["retried", "snoozed", "released", "returned", "suspected"])
def test_what_is_no_end_calls_nothing(scene: Scene, kind: str) -> None:
    held = _held(scene)

    scene.settle(held, kind)

    assert scene.is_gone(receipt_of(held.id))
    assert scene.is_gone(telling_of(held.id))


def test_a_follow_up_is_a_job_like_others(scene: Scene) -> None:
    held = _held(scene)

    scene.settle(held, "finished", result="1")

    follow_up = scene.view(receipt_of(held.id))
    assert (follow_up.state, follow_up.queue, follow_up.job_type) == ("queued", "low", "receipt")
    assert (follow_up.attempt, follow_up.max_attempts, follow_up.timeout) == (0, 4, 180.0)
    assert follow_up.payload == {
        "job_id": held.id,
        "job_type": "greet",
        "state": "finished",
        "attempt": 1,
    }
    assert (follow_up.created_at, follow_up.enqueued_at) == (scene.view(held.id).ended_at,) * 2
    [accepted] = scene.events(follow_up.id)
    assert (accepted.kind, accepted.state, accepted.queue) == ("enqueued", "queued", "low")
    assert (accepted.job_type, accepted.max_attempts) == ("receipt", 4)
    assert json.loads(accepted.data) == follow_up.payload
    assert json.loads(accepted.options) == follow_up.options
    assert scene.books("low").accepted == 1


def test_a_follow_up_shares_the_labels_and_bounds_of_the_job_whose_end_it_tells(
    scene: Scene,
) -> None:
    labels = {"tenant": "acme", "trace_id": "t-1", "context_id": "c-1", "environment": "staging"}
    held = _held(scene, own={"is_confined": True}, is_test=True, tags=["vip"], **labels)

    scene.settle(held, "failed")

    told = scene.view(telling_of(held.id)).labels
    assert (told.tenant, told.trace_id, told.context_id) == ("acme", "t-1", "c-1")
    assert (told.environment, told.is_test, told.is_confined) == ("staging", True, True)
    assert (told.parent_id, told.tags) == (held.id, ())


@pytest.mark.parametrize(
    ("when", "kind", "state"),
    [("on_success", "finished", "finished"), ("on_failure", "failed", "failed")],
)
def test_one_with_a_payload_of_its_own_gets_that_and_is_told_by_its_options(
    scene: Scene, when: str, kind: str, state: str
) -> None:
    [job_id] = scene.accept(job_with_a_letter(when, tenant="acme"))
    [held] = scene.claim()

    scene.settle(held, kind)

    letter = scene.view(follow_up_id(job_id, when))
    assert (letter.job_type, letter.payload) == ("letter", LETTER)
    assert letter.labels.follows == (job_id, "greet", state, 1)
    assert (letter.labels.parent_id, letter.labels.tenant) == (job_id, "acme")
    [accepted] = scene.events(letter.id)
    assert json.loads(accepted.data) == LETTER
    assert json.loads(accepted.options) == letter.options
    [claimed] = [job for job in scene.claim(10) if job.id == letter.id]
    assert codec.payload_of(claimed.data) == LETTER


def test_one_that_is_told_in_its_payload_is_told_by_its_options_too(scene: Scene) -> None:
    held = _held(scene)

    scene.settle(held, "finished")

    follow_up = scene.view(receipt_of(held.id))
    assert follow_up.labels.follows is not None
    assert follow_up.labels.follows._asdict() == follow_up.payload


def test_a_payload_of_its_own_tells_whose_slots_it_shares_and_where_it_is_bound_for(
    scene: Scene,
) -> None:
    scene.accept(job_with_a_letter(), job_with_a_letter())
    for held in scene.claim(2):
        scene.settle(held, "finished")

    [first] = scene.claim(10)

    view = scene.view(first.id)
    assert (view.limit_key, view.limit) == ("letter:ada@example.com", 1)
    assert view.destination == "letter:ada@example.com"
    scene.settle(first, "finished")
    assert "letter" in [job.job_type for job in scene.claim(10)]


def test_what_follows_one_with_a_payload_of_its_own_is_told_of_that(scene: Scene) -> None:
    scene.accept(job_with_a_letter())
    scene.settle(scene.claim()[0], "finished")
    [letter] = scene.claim()

    scene.settle(letter, "finished")

    record = scene.view(receipt_of(letter.id))
    assert record.payload == {
        "job_id": letter.id,
        "job_type": "letter",
        "state": "finished",
        "attempt": 1,
    }


@pytest.mark.parametrize("name", ENDERS)
def test_every_end_gives_what_follows_the_payload_that_its_caller_said(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    end, expected = ENDERS[name]
    note = {"job_type": "note", "payload": LETTER}
    say_to_all(monkeypatch, on_success=note, on_failure=note)

    job_id = end(scene)

    claimed = scene.claim(10)
    assert [codec.payload_of(job.data) for job in claimed] == [LETTER] * len(expected)
    assert [labels_in(job.options).follows for job in claimed] == [
        (job_id, "greet", state, attempt) for _, state, attempt in expected
    ]
    assert scene.claim(10) == []


def test_what_follows_a_follow_up_comes_when_that_ends(scene: Scene) -> None:
    held = _held(scene)
    scene.settle(held, "finished")
    [receipt] = scene.claim(1, ["low"])

    scene.settle(receipt, "finished")

    record = scene.view(receipt_of(receipt.id))
    assert (record.job_type, record.labels.parent_id) == ("record", receipt.id)
    assert record.payload["job_type"] == "receipt"


@pytest.mark.parametrize("kind", ["finished", "failed"])
def test_an_outcome_that_is_sent_twice_is_followed_once(scene: Scene, kind: str) -> None:
    held = _held(scene)
    scene.settle(held, kind)

    scene.settle(held, kind)

    assert len(scene.claim(10, ["high", "low"])) == 1


def test_a_job_that_comes_back_from_the_dead_is_followed_by_its_success(scene: Scene) -> None:
    held = _held(scene)
    scene.settle(held, "failed")
    scene.do.redrive([held.id], by="ada", reason="")
    [again] = scene.claim(1, ["normal"])

    scene.settle(again, "finished")

    assert scene.view(receipt_of(held.id)).payload["attempt"] == 2


def test_a_job_that_dies_twice_is_told_of_once(scene: Scene) -> None:
    held = _held(scene)
    scene.settle(held, "failed")
    [telling] = scene.claim(1, ["high"])
    scene.settle(telling, "finished")
    scene.do.redrive([held.id], by="ada", reason="")
    [again] = scene.claim(1, ["normal"])

    scene.settle(again, "failed")

    assert scene.claim(10, ["high", "low"]) == []
    assert scene.kinds(telling.id) == ["enqueued", "started", "finished"]


def test_the_same_job_again_is_not_followed_again(scene: Scene) -> None:
    held = _held(scene, job_id="mine")
    scene.settle(held, "finished")

    assert scene.ask(followed_job("mine")) == [("mine", False)]

    assert len(scene.claim(10, ["high", "low", "normal"])) == 1


def test_many_that_end_in_one_call_are_each_followed(scene: Scene) -> None:
    ids = scene.accept(*(followed_job() for _ in range(3)))
    held = scene.claim(3)
    ends = [outcome(kind) for kind in ("finished", "failed", "finished")]

    scene.worker().settle_and_claim(list(zip(held, ends, strict=True)), [], 0)

    assert scene.claimed_ids() == [telling_of(ids[1]), receipt_of(ids[0]), receipt_of(ids[2])]
