"""A Redis that came back with an older copy: what was said of its jobs since holds again."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.integration.broker.bench import ERROR
from tests.integration.record.bureau import Bureau
from tests.integration.record.older_copy import go_back, repair, take_copy

EVE = '["workers.runtime.trampoline.run",null,["greet",{"name":"Eve"}],{}]'


SAME = {"unique": "started", "unique_by": ["name"]}


def _payload(data: bytes) -> object:
    return json.loads(data)[2][1]


def _fail(bureau: Bureau) -> None:
    [held] = bureau.bench.claim()
    bureau.bench.settle(held, "failed", body=ERROR)


def _books(bureau: Bureau) -> list[int]:
    return [bureau.bench.count(what) for what in ("accepted", "failed", "finished")]


def _dead(bureau: Bureau) -> set[str]:
    return {job_id for job_id, _ in bureau.inspection.dead(0, 10)}


def test_an_attempt_that_began_since_stays_on_record(bureau: Bureau) -> None:
    bureau.enqueue(bureau.job(job_id="job"))
    copy = take_copy(bureau)
    [held] = bureau.bench.claim()
    go_back(bureau, copy)

    repair(bureau)

    assert bureau.bench.settle(held, "finished", body="1") == 0
    [again] = bureau.bench.claim()
    bureau.bench.settle(again, "finished", body="1")
    bureau.record()
    told = [(row["status"], row["attempt"]) for row in bureau.chronicle.results("job")]
    assert told == [("released", 1), ("finished", 2)]


def test_an_attempt_of_a_job_that_had_been_given_back_before_stays_on_record_too(
    bureau: Bureau,
) -> None:
    bureau.enqueue(bureau.job(job_id="job"))
    bureau.bench.settle(bureau.bench.claim()[0], "returned")
    copy = take_copy(bureau)
    bureau.bench.claim()
    go_back(bureau, copy)

    repair(bureau)

    [first] = bureau.chronicle.results("job")
    assert (first["status"], first["attempt"]) == ("released", 1)
    assert bureau.bench.claim()[0].attempt == 2


def test_a_retry_that_began_since_stays_on_record(bureau: Bureau) -> None:
    bureau.enqueue(bureau.job(job_id="job"))
    bureau.bench.settle(bureau.bench.claim()[0], "retried", delay=1_000_000, body=ERROR)
    copy = take_copy(bureau)
    bureau.bench.run_now("job")
    bureau.bench.claim()
    go_back(bureau, copy)

    repair(bureau)

    told = [(row["status"], row["attempt"]) for row in bureau.chronicle.results("job")]
    assert told == [("retried", 1), ("released", 2)]
    [again] = bureau.bench.claim()
    assert (again.attempt, again.failures) == (3, 1)


def test_what_waits_for_its_next_attempt_since_is_not_tried_at_once(bureau: Bureau) -> None:
    bureau.enqueue(bureau.job(job_id="job"))
    copy = take_copy(bureau)
    bureau.bench.settle(bureau.bench.claim()[0], "retried", delay=1_000_000, body=ERROR)
    go_back(bureau, copy)

    repair(bureau)

    assert bureau.bench.claim() == []
    job = bureau.queue.find("job")
    assert job is not None
    assert (job.state, job.attempt, job.failures) == ("scheduled", 1, 1)


def test_what_runs_another_time_since_is_not_taken_for_its_earlier_attempt(bureau: Bureau) -> None:
    bureau.enqueue(bureau.job(job_id="job"))
    [first] = bureau.bench.claim()
    copy = take_copy(bureau)
    bureau.bench.settle(first, "suspected", body=ERROR)
    bureau.bench.claim()
    go_back(bureau, copy)

    repair(bureau)

    assert bureau.bench.settle(first, "finished", body="1") == 0
    told = [(row["status"], row["attempt"]) for row in bureau.chronicle.results("job")]
    assert told == [("suspected", 1), ("released", 2)]
    [again] = bureau.bench.claim()
    assert (again.attempt, again.suspect) == (3, True)


@pytest.mark.parametrize("how", ["released", "suspected"])
def test_what_ran_and_waits_again_since_begins_with_its_next_attempt(
    bureau: Bureau, how: str
) -> None:
    bureau.enqueue(bureau.job(job_id="job"))
    copy = take_copy(bureau)
    bureau.bench.settle(bureau.bench.claim()[0], how, body=ERROR)
    go_back(bureau, copy)

    repair(bureau)

    [again] = bureau.bench.claim()
    assert (again.attempt, again.suspect) == (2, how == "suspected")


def test_what_was_discarded_since_does_not_come_back(bureau: Bureau) -> None:
    bureau.enqueue(bureau.job(job_id="dead", max_retries=0))
    _fail(bureau)
    copy = take_copy(bureau)
    bureau.bench.discard("dead")
    go_back(bureau, copy)

    named = bureau.ledger().reconcile()
    repair(bureau)

    assert [(fault.kind, fault.job_id) for fault in named.faults] == [("wrong_state", "dead")]
    assert _dead(bureau) == set()
    assert bureau.queue.find("dead") is None
    assert bureau.chronicle.kinds("dead").count("discarded") == 1
    assert _books(bureau) == [1, 1, 0]


@pytest.mark.parametrize("where", ["waits", "runs", "is behind a pause"])
def test_what_has_died_and_was_discarded_since_does_not_run_again(
    bureau: Bureau, where: str
) -> None:
    bureau.enqueue(bureau.job(job_id="dead", max_retries=0, idempotency_key="k"))
    held = bureau.bench.claim() if where == "runs" else []
    if where == "is behind a pause":
        bureau.bench.functions.call("pause", "type:greet")
        assert bureau.bench.claim() == []
    copy = take_copy(bureau)
    if where == "is behind a pause":
        bureau.bench.resume("type:greet")
    bureau.bench.settle((held or bureau.bench.claim())[0], "failed", body=ERROR)
    bureau.bench.discard("dead")
    go_back(bureau, copy)

    repair(bureau)

    assert _dead(bureau) == set()
    assert bureau.queue.find("dead") is None
    assert bureau.bench.claim() == []
    assert _books(bureau) == [1, 1, 0]
    assert bureau.bench.members(bureau.keys.leases) == []
    [again] = bureau.queue.enqueue([bureau.job(idempotency_key="k")])
    assert again.created


def test_a_discarded_job_that_was_redriven_all_the_same_is_not_lost_with_the_next_redis(
    bureau: Bureau,
) -> None:
    bureau.enqueue(bureau.job(job_id="dead", max_retries=0))
    _fail(bureau)
    copy = take_copy(bureau)
    bureau.bench.discard("dead")
    go_back(bureau, copy)
    assert bureau.bench.redrive("dead") == [1]
    _fail(bureau)
    bureau.record()
    assert bureau.ledger().reconcile().faults == []

    bureau.redis.flushall()
    report = bureau.ledger().rebuild()

    assert report.restored == {"failed": 1}
    assert _dead(bureau) == {"dead"}


def test_a_job_that_was_redriven_since_is_redriven_again(bureau: Bureau) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=5)
    bureau.enqueue(
        bureau.job(job_id="dead", max_retries=0, expires_at=soon, unique="ended", tenant="acme")
    )
    _fail(bureau)
    bureau.eventually(lambda: datetime.now(UTC) > soon)
    copy = take_copy(bureau)
    assert bureau.bench.redrive("dead", data=EVE) == [1]
    go_back(bureau, copy)

    repair(bureau)

    assert _books(bureau) == [1, 0, 0]
    [twin] = bureau.queue.enqueue([bureau.job(unique="ended", tenant="acme")])
    assert (twin.id, twin.created) == ("dead", False)
    [held] = bureau.bench.claim()
    assert (held.id, held.attempt, held.failures, _payload(held.data)) == (
        "dead",
        2,
        0,
        {"name": "Eve"},
    )


def test_a_job_that_was_resolved_since_is_dead_in_no_book(bureau: Bureau) -> None:
    bureau.enqueue(bureau.job(job_id="dead", max_retries=0))
    _fail(bureau)
    copy = take_copy(bureau)
    bureau.bench.discard("dead", how="resolved")
    go_back(bureau, copy)

    repair(bureau)

    assert _dead(bureau) == set()
    assert _books(bureau) == [1, 0, 1]


@pytest.mark.parametrize("books", ["have an older copy", "are gone"])
def test_what_has_come_and_died_since_is_in_the_books(bureau: Bureau, books: str) -> None:
    bureau.enqueue(bureau.job(job_id="first", priority="high"))
    copy = take_copy(bureau)
    bureau.enqueue(bureau.job(job_id="came", max_retries=0))
    bureau.enqueue(bureau.job(job_id="waits", delay=1000))
    [held] = bureau.bench.claim(1, ("normal",))
    bureau.bench.settle(held, "failed", body=ERROR)
    go_back(bureau, copy if books == "have an older copy" else [])

    repair(bureau)

    assert _books(bureau) == [2, 1, 0]
    assert bureau.bench.redrive("came") == [1]
    assert _books(bureau) == [2, 0, 0]
    bureau.record()
    assert bureau.ledger().reconcile().is_balanced


def test_what_died_before_the_copy_and_was_taken_away_is_counted_once(bureau: Bureau) -> None:
    bureau.enqueue(bureau.job(job_id="dead", max_retries=0))
    _fail(bureau)
    copy = take_copy(bureau)
    bureau.enqueue(bureau.job(job_id="came"))
    go_back(bureau, copy)
    bureau.redis.delete("rq:job:dead")

    repair(bureau)

    assert _books(bureau) == [2, 1, 0]
    assert _dead(bureau) == {"dead"}


@pytest.mark.parametrize("where", ["waits", "waits for its time"])
def test_a_payload_that_was_replaced_since_is_replaced_again(bureau: Bureau, where: str) -> None:
    delay = {"delay": 1000} if where == "waits for its time" else {}
    bureau.enqueue(bureau.job(job_id="job", **SAME, **delay))
    copy = take_copy(bureau)
    newer = {"payload": {"name": "Ada", "n": 2}, **SAME, "on_conflict": "replace"}
    [reply] = bureau.queue.enqueue([bureau.job(**newer)])
    assert (reply.id, reply.created) == ("job", False)
    go_back(bureau, copy)

    named = bureau.ledger().reconcile()
    repair(bureau)

    assert [(fault.kind, fault.detail) for fault in named.faults] == [
        ("wrong_state", "the record has a later payload than Redis")
    ]
    bureau.bench.run_now("job")
    [held] = bureau.bench.claim()
    assert (held.id, _payload(held.data)) == ("job", {"name": "Ada", "n": 2})
    assert _books(bureau) == [1, 0, 0]


def test_a_job_that_was_put_off_since_is_put_off_again(bureau: Bureau) -> None:
    due = {"unique": "started", "delay": 100}
    bureau.enqueue(bureau.job(job_id="job", **due))
    copy = take_copy(bureau)
    bureau.queue.enqueue([bureau.job(**{**due, "delay": 1000, "on_conflict": "debounce"})])
    put_off = bureau.bench.registry("scheduled")["job"]
    go_back(bureau, copy)

    named = bureau.ledger().reconcile()
    repair(bureau)

    assert [(fault.kind, fault.detail) for fault in named.faults] == [
        ("wrong_state", "the record has another time for it than Redis")
    ]
    assert abs(bureau.bench.registry("scheduled")["job"] - put_off) <= 1
    assert time.time() + 900 < put_off


def test_a_running_job_that_was_asked_to_stop_since_is_asked_again(bureau: Bureau) -> None:
    bureau.enqueue(bureau.job(job_id="runs"))
    [held] = bureau.bench.claim()
    copy = take_copy(bureau)
    bureau.bench.cancel("runs")
    go_back(bureau, copy)

    named = bureau.ledger().reconcile()
    repair(bureau)

    assert [(fault.kind, fault.detail) for fault in named.faults] == [
        ("wrong_state", "somebody asked that it be canceled, of which Redis does not know")
    ]
    assert bureau.bench.field("runs", "cancel") == "ask"
    assert bureau.bench.extend(held) == [2]
    bureau.bench.settle(held, "released")
    bureau.record()
    assert bureau.chronicle.job("runs")["status"] == "canceled"


def test_what_an_earlier_job_of_that_id_left_says_nothing_of_this_one(bureau: Bureau) -> None:
    bureau.enqueue(bureau.job(job_id="job", max_retries=0))
    _fail(bureau)
    bureau.bench.redrive("job", data=EVE)
    bureau.run_all()
    bureau.record()
    bureau.forget_finished()
    bureau.redis.delete("rq:finished:normal")
    bureau.enqueue(bureau.job(job_id="job", max_retries=0))
    copy = take_copy(bureau)

    assert bureau.ledger().reconcile().faults == []

    bureau.bench.claim()
    go_back(bureau, copy)
    repair(bureau)

    [held] = bureau.bench.claim()
    assert (held.attempt, held.failures, _payload(held.data)) == (2, 0, {"name": "Ada"})


def test_who_was_discarded_and_is_accepted_again_is_not_lost_with_redis(bureau: Bureau) -> None:
    bureau.enqueue(bureau.job(job_id="job", max_retries=0))
    _fail(bureau)
    bureau.bench.discard("job")
    bureau.record()
    bureau.enqueue(bureau.job(job_id="job", max_retries=0))
    _fail(bureau)
    bureau.record()
    assert bureau.ledger().reconcile().faults == []

    bureau.redis.flushall()

    assert bureau.ledger().rebuild().restored == {"failed": 1}
