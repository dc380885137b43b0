"""A rebuild keeps what was said of a job: its key, that it be canceled, that it was redriven."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend.domain.errors import IdempotencyConflict
from backend.domain.jobs.options.follow_ups import follow_up_id
from tests.integration.broker.bench import ERROR
from tests.integration.history.databases import run
from tests.integration.record.bureau import Bureau


def _lose_redis(bureau: Bureau) -> Any:
    bureau.record()
    bureau.redis.flushall()
    return bureau.ledger().rebuild()


def _finish(bureau: Bureau) -> None:
    [held] = bureau.bench.claim()
    bureau.bench.settle(held, "finished", body="1", result="MQ==")


def _balances(bureau: Bureau) -> bool:
    bureau.record()
    return bureau.ledger().reconcile().is_balanced


def test_a_call_said_again_after_a_rebuild_is_answered_with_the_job_that_finished(
    bureau: Bureau,
) -> None:
    bureau.enqueue(bureau.job(job_id="paid", idempotency_key="order-7"))
    _finish(bureau)

    report = _lose_redis(bureau)

    [reply] = bureau.queue.enqueue([bureau.job(idempotency_key="order-7")])
    assert (report.recalled, report.restored) == (1, {})
    assert (reply.id, reply.created) == ("paid", False)
    assert bureau.bench.queue() == []
    found = bureau.queue.find("paid")
    assert found is not None
    assert (found.state, found.payload, found.attempt) == ("finished", {"name": "Ada"}, 1)
    assert 0 < bureau.redis.ttl("rq:job:paid") <= 86_400
    assert _balances(bureau)


_EVE = '["x",null,["greet",{"name":"Eve"}],{}]'


@pytest.mark.parametrize(
    "how", ["waits", "finished", "redriven with another payload", "moved and redriven"]
)
def test_what_a_key_stands_for_is_known_after_a_rebuild(bureau: Bureau, how: str) -> None:
    """The order of the payload's names does not matter, nor what became of it; what else is asked does."""
    asked = bureau.job(payload={"name": "Ada", "n": 1}, job_id="job", idempotency_key="k")
    bureau.enqueue(asked)
    if how == "finished":
        _finish(bureau)
    elif how != "waits":
        bureau.bench.settle(bureau.bench.claim()[0], "poisoned", body=ERROR)
        bureau.bench.redrive("job", data=_EVE)
        if how == "moved and redriven":
            bureau.bench.reprioritise("job", "high")

    _lose_redis(bureau)

    again = bureau.job(payload={"n": 1, "name": "Ada"}, idempotency_key="k")
    [reply] = bureau.queue.enqueue([again])
    assert (reply.id, reply.created) == ("job", False)
    with pytest.raises(IdempotencyConflict):
        bureau.queue.enqueue([bureau.job(payload={"name": "Bob"}, idempotency_key="k")])


@pytest.mark.parametrize("how", ["waits", "moved", "redriven with another payload", "replaced"])
def test_a_job_of_its_callers_own_id_answers_the_call_that_made_it_after_a_rebuild(
    bureau: Bureau, how: str
) -> None:
    unique = {"unique": "started", "on_conflict": "replace"} if how == "replaced" else {}
    payload = {"name": "Ada", "n": 1}
    bureau.enqueue(bureau.job(payload=payload, job_id="invoice-7", **unique))
    if how == "moved":
        bureau.bench.reprioritise("invoice-7", "high")
    elif how == "replaced":
        bureau.enqueue(bureau.job(payload={"name": "Eve"}, **unique))
    elif how != "waits":
        bureau.bench.settle(bureau.bench.claim()[0], "poisoned", body=ERROR)
        bureau.bench.redrive("invoice-7", data=_EVE)

    _lose_redis(bureau)

    again = bureau.job(payload={"n": 1, "name": "Ada"}, job_id="invoice-7")
    [reply] = bureau.queue.enqueue([again])
    assert (reply.id, reply.created) == ("invoice-7", False)
    with pytest.raises(IdempotencyConflict):
        bureau.queue.enqueue([bureau.job(payload={"name": "Bob"}, job_id="invoice-7")])


def test_each_job_of_a_call_answers_it_after_a_rebuild_though_it_was_moved(bureau: Bureau) -> None:
    ids = ["first", "second", "third"]
    bureau.enqueue(*(bureau.job(payload={"name": "Ada", "n": 1}, job_id=id_) for id_ in ids))
    for job_id in ids:
        bureau.bench.reprioritise(job_id, "high")

    _lose_redis(bureau)

    again = [bureau.job(payload={"n": 1, "name": "Ada"}, job_id=job_id) for job_id in ids]
    assert [reply.id for reply in bureau.queue.enqueue(again)] == ids


def test_a_finished_job_still_keeps_out_the_same_for_its_time_after_a_rebuild(
    bureau: Bureau,
) -> None:
    bureau.enqueue(bureau.job(job_id="first", unique="3600"), bureau.job(job_id="plain"))
    _finish(bureau)
    _finish(bureau)

    report = _lose_redis(bureau)

    [reply] = bureau.queue.enqueue([bureau.job(unique="3600")])
    assert (report.recalled, reply.id, reply.created) == (1, "first", False)
    assert bureau.queue.find("plain") is None
    assert _balances(bureau)


def test_a_key_whose_time_was_over_is_free_after_a_rebuild(bureau: Bureau) -> None:
    bureau.enqueue(
        bureau.job(job_id="waits", delay=1000, idempotency_key="a", idempotency_window=60),
        bureau.job(job_id="done", idempotency_key="b", idempotency_window=60),
    )
    _finish(bureau)
    bureau.record()
    hour = 3_600_000 << 20
    run(bureau.engine, f"UPDATE jobs SET position = position - {hour}")

    report = _lose_redis(bureau)

    again = [bureau.job(idempotency_key=key) for key in "ab"]
    assert [reply.created for reply in bureau.queue.enqueue(again)] == [True, True]
    assert (report.recalled, report.restored) == (0, {"scheduled": 1})


def test_a_key_whose_finished_job_has_left_the_record_is_free_after_a_rebuild(
    bureau: Bureau,
) -> None:
    bureau.enqueue(bureau.job(idempotency_key="a", idempotency_window=86_400))
    _finish(bureau)
    bureau.record()
    run(bureau.engine, "DELETE FROM jobs")

    report = _lose_redis(bureau)

    [reply] = bureau.queue.enqueue([bureau.job(idempotency_key="a")])
    assert (report.recalled, reply.created) == (0, True)


def test_a_key_ends_after_a_rebuild_when_it_would_have_ended(bureau: Bureau) -> None:
    bureau.enqueue(bureau.job(job_id="job", idempotency_key="a", idempotency_window=600))
    until = int(bureau.bench.field("job", "unique_until") or 0)

    _lose_redis(bureau)

    assert abs(int(bureau.bench.field("job", "unique_until") or 0) - until) < 10
    assert abs(bureau.redis.pexpiretime("rq:tally:unique:a") - until) < 10


def test_the_later_of_two_keys_keeps_a_job_that_is_made_again(bureau: Bureau) -> None:
    both = {"idempotency_key": "a", "idempotency_window": 7200, "unique": "600"}
    bureau.enqueue(bureau.job(job_id="job", **both))
    until = int(bureau.bench.field("job", "unique_until") or 0)

    _lose_redis(bureau)

    assert abs(int(bureau.bench.field("job", "unique_until") or 0) - until) < 10


def test_a_job_that_was_asked_to_stop_is_canceled_by_the_rebuild_and_not_run_again(
    bureau: Bureau,
) -> None:
    bureau.enqueue(bureau.job(job_id="asked", tenant="acme", limit_key="k", limit=1))
    bureau.bench.claim()
    bureau.bench.cancel("asked")

    report = _lose_redis(bureau)

    assert (report.restored, report.interrupted) == ({"canceled": 1}, 0)
    assert bureau.bench.claim() == []
    assert _balances(bureau)
    row = bureau.chronicle.job("asked")
    assert (row["status"], row["attempt"]) == ("canceled", 1)
    kinds = ["enqueued", "started", "cancel_asked", "released", "canceled"]
    assert bureau.chronicle.kinds("asked") == kinds
    last = bureau.rows("SELECT actor, note FROM job_events WHERE kind = 'canceled'")
    assert last == [{"actor": "ada", "note": "changed my mind"}]


def test_a_request_to_stop_an_attempt_that_was_over_stops_no_later_one(bureau: Bureau) -> None:
    bureau.enqueue(bureau.job(job_id="again", max_retries=0))
    [held] = bureau.bench.claim()
    bureau.bench.cancel("again")
    bureau.bench.settle(held, "failed", body=ERROR)
    bureau.bench.redrive("again")
    bureau.bench.claim()

    report = _lose_redis(bureau)

    assert report.restored == {"queued": 1}


def test_a_redriven_job_does_not_expire_after_a_rebuild_either(bureau: Bureau) -> None:
    soon = datetime.now(UTC) + timedelta(hours=1)
    bureau.enqueue(bureau.job(job_id="job", max_retries=0, expires_at=soon))
    bureau.bench.settle(bureau.bench.claim()[0], "failed", body=ERROR)
    bureau.bench.redrive("job")
    assert bureau.bench.field("job", "expires_at") is None

    _lose_redis(bureau)

    assert bureau.bench.field("job", "expires_at") is None


@pytest.mark.parametrize("after", ["released", "retried", "snoozed"])
def test_a_job_that_killed_its_worker_runs_alone_after_a_rebuild_too(
    bureau: Bureau, after: str
) -> None:
    bureau.enqueue(bureau.job(job_id="killer"))
    for kind in ("suspected", after):
        bureau.bench.settle(bureau.bench.claim()[0], kind, delay=9000, body=ERROR)
    assert bureau.bench.field("killer", "suspect") == "1"

    _lose_redis(bureau)

    assert bureau.bench.field("killer", "suspect") == "1"


def test_a_job_with_follow_ups_keeps_its_result_as_long_as_before(bureau: Bureau) -> None:
    bureau.enqueue(bureau.job(job_id="job", on_success="count"))
    before = bureau.bench.field("job", "result_ttl")

    _lose_redis(bureau)

    assert bureau.bench.field("job", "result_ttl") == before == "3600"


def test_what_followed_a_failure_does_not_follow_again_though_history_let_it_go(
    bureau: Bureau,
) -> None:
    bureau.enqueue(bureau.job(job_id="a", max_retries=0, on_failure="count", on_success="count"))
    bureau.bench.settle(bureau.bench.claim()[0], "failed", body=ERROR)
    bureau.record()
    follower = follow_up_id("a", "on_failure")
    bureau.change("DELETE FROM jobs WHERE id = :id", id=follower)

    _lose_redis(bureau)
    bureau.bench.redrive("a")
    bureau.bench.settle(bureau.bench.claim()[0], "failed", body=ERROR)

    assert bureau.queue.find(follower) is None
    assert bureau.bench.field("a", "follow") == "on_success"
