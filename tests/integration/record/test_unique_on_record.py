"""Unique jobs on record: the newest payload is there; after a lost Redis the same jobs keep others out."""

from __future__ import annotations

from typing import Any

import pytest

from backend.history.reading.history_store import PostgresHistoryStore
from tests.integration.record.bureau import Bureau

DEBOUNCE: dict[str, Any] = {
    "unique": "started",
    "unique_by": ["name"],
    "on_conflict": "debounce",
    "delay": 1000,
    "max_wait_seconds": 2500,
}


def _lose_redis(bureau: Bureau) -> None:
    bureau.record()
    bureau.redis.flushall()
    bureau.ledger().rebuild()


def _replies(bureau: Bureau, *jobs: Any) -> list[tuple[str, bool]]:
    return [(reply.id, reply.created) for reply in bureau.queue.enqueue(jobs)]


def test_the_record_has_the_newest_payload_and_the_time_it_was_put_off_to(bureau: Bureau) -> None:
    bureau.enqueue(bureau.job(payload={"name": "Ada", "n": 1}, job_id="first", **DEBOUNCE))
    due = bureau.queue.find("first")
    later = DEBOUNCE | {"delay": 2000}
    bureau.queue.enqueue([bureau.job(payload={"name": "Ada", "n": 2}, **later)])
    bureau.record()

    found = PostgresHistoryStore(bureau.engine).find("first")

    assert found is not None
    assert due is not None
    assert (found.payload["n"], found.current_payload["n"]) == (1, 2)
    assert [line.kind for line in found.timeline] == ["enqueued", "replaced"]
    assert found.job.run_at is not None
    assert due.run_at is not None
    assert 990 < (found.job.run_at - due.run_at).total_seconds() < 1500


def test_after_a_lost_redis_it_waits_with_the_newest_payload_and_its_longest_wait(
    bureau: Bureau,
) -> None:
    bureau.enqueue(bureau.job(payload={"name": "Ada", "n": 1}, job_id="first", **DEBOUNCE))
    bureau.queue.enqueue([bureau.job(payload={"name": "Ada", "n": 2}, **DEBOUNCE)])
    latest = int(bureau.bench.field("first", "debounce_by") or 0)
    _lose_redis(bureau)

    found = bureau.queue.find("first")
    assert found is not None
    assert found.payload["n"] == 2
    assert abs(int(bureau.bench.field("first", "debounce_by") or 0) - latest) < 2
    [reply] = bureau.queue.enqueue([bureau.job(payload={"name": "Ada", "n": 3}, **DEBOUNCE)])
    assert (reply.id, reply.replaced) == ("first", True)
    bureau.record()
    assert bureau.ledger().reconcile().is_balanced


@pytest.mark.parametrize("until", ["started", "ended", "3600"])
def test_after_a_lost_redis_a_job_that_waits_keeps_the_others_out(
    bureau: Bureau, until: str
) -> None:
    bureau.enqueue(bureau.job(job_id="first", unique=until))
    _lose_redis(bureau)

    assert _replies(bureau, bureau.job(unique=until)) == [("first", False)]


def test_after_a_lost_redis_a_successor_keeps_the_key_and_not_the_retry_before_it(
    bureau: Bureau,
) -> None:
    bureau.enqueue(bureau.job(job_id="first", unique="started"))
    (held,) = bureau.bench.claim()
    bureau.enqueue(bureau.job(job_id="next", unique="started"))
    bureau.bench.settle(held, "retried", delay=60_000)
    _lose_redis(bureau)

    assert _replies(bureau, bureau.job(unique="started")) == [("next", False)]


def test_after_a_lost_redis_a_job_that_ran_keeps_the_others_out_until_it_has_ended(
    bureau: Bureau,
) -> None:
    bureau.enqueue(bureau.job(job_id="first", unique="ended"))
    bureau.bench.claim()
    _lose_redis(bureau)

    assert _replies(bureau, bureau.job(unique="ended")) == [("first", False)]


def test_after_a_lost_redis_a_dead_job_keeps_nobody_out(bureau: Bureau) -> None:
    bureau.enqueue(bureau.job(job_id="first", unique="ended"))
    (held,) = bureau.bench.claim()
    bureau.bench.settle(held, "failed", body='{"reason":"","error":"E","message":"m"}')
    _lose_redis(bureau)

    assert _replies(bureau, bureau.job(job_id="next", unique="ended")) == [("next", True)]


def test_a_job_of_the_outbox_is_the_one_that_is_there_when_the_relay_comes(bureau: Bureau) -> None:
    bureau.enqueue(bureau.job(job_id="first", **DEBOUNCE))
    sent = bureau.job(payload={"name": "Ada", "n": 2}, job_id="second", **DEBOUNCE)
    bureau.outbox_service.enqueue([sent])
    bureau.relay().run_once()

    assert bureau.queue.find("second") is None
    found = bureau.queue.find("first")
    assert found is not None
    assert found.payload["n"] == 2
