"""Rates of keys and kept places on record: a Redis that was lost has both again."""

from __future__ import annotations

from typing import Any

import pytest

from backend.broker.jobs.operations import RedisOperations
from backend.domain.jobs.job_id import uuid7
from backend.domain.jobs.options.rate import Rate, RateWord
from backend.domain.jobs.options.rate_share import RateShare
from tests.contract.broker.jobs import new_job
from tests.integration.record.bureau import Bureau

GATE = "key:crm:a"
SAID: dict[str, Any] = {"limit_key": "crm:a", "limit": 1}
SHARE = RateShare(1, 1, "crm:a", Rate(6, 60.0, 1)).text


def _kept(bureau: Bureau, *job_ids: str) -> None:
    """The first one has been tried, and waits to be tried again."""
    bureau.queue.enqueue([new_job(i, options={**SAID, "hold": True}, **SAID) for i in job_ids])
    [held] = bureau.bench.claim(9)
    bureau.bench.settle(held, "retried", delay=60_000)


def _lose_redis(bureau: Bureau) -> None:
    bureau.record()
    bureau.redis.flushall()
    bureau.ledger().rebuild()


def test_the_books_are_well_while_one_that_waits_keeps_its_place(bureau: Bureau) -> None:
    _kept(bureau, "a", "b")
    bureau.record()

    report = bureau.ledger().reconcile()

    assert (report.faults, report.is_balanced) == ([], True)


def test_a_place_of_one_that_ended_is_found_and_given_back(bureau: Bureau) -> None:
    _kept(bureau, "a", "b")
    bureau.bench.cancel("a")
    bureau.redis.sadd(bureau.keys.holders(GATE), "a")
    bureau.record()

    report = bureau.ledger().reconcile(repair=True)

    assert [(fault.kind.value, fault.job_id) for fault in report.faults] == [("stuck", "a")]
    assert bureau.bench.complaints() == []


def test_after_a_lost_redis_it_has_its_place_and_the_others_wait(bureau: Bureau) -> None:
    _kept(bureau, "a", "b")
    _lose_redis(bureau)

    assert bureau.bench.claim(9) == []
    assert bureau.bench.run_now("a") == [1]
    assert [job.id for job in bureau.bench.claim(9)] == ["a"]
    assert bureau.bench.parked(GATE) == ["b"]


def test_after_a_lost_redis_one_that_ran_goes_first(bureau: Bureau) -> None:
    ids = [uuid7(1_700_000_000_000 + at, bytes(10)) for at in range(2)]
    bureau.queue.enqueue([new_job(i, options={**SAID, "hold": True}, **SAID) for i in ids])
    assert [job.id for job in bureau.bench.claim(1)] == ids[:1]
    _lose_redis(bureau)

    assert [job.id for job in bureau.bench.claim(9)] == ids[:1]


def test_after_a_lost_redis_jobs_take_of_the_same_rates(bureau: Bureau) -> None:
    bureau.queue.enqueue([new_job(i, options={"rate_share": SHARE}) for i in ("a", "b")])
    _lose_redis(bureau)

    assert len(bureau.bench.claim(9)) == 1
    assert len(bureau.bench.parked("rate:crm:a")) == 1
    assert bureau.bench.field("a", "rate") == bureau.bench.field("b", "rate") == SHARE


@pytest.mark.parametrize(
    ("said", "held"), [(Rate(10, 60.0, 2), b"10/60/2"), (RateWord.NONE, b"none")]
)
def test_a_lost_redis_gets_the_word_about_a_key_back(
    bureau: Bureau, said: Rate | RateWord, held: bytes
) -> None:
    operations = RedisOperations(bureau.redis, bureau.keys)
    operations.rate_key("crm:a", said, by="ada", reason="they asked")
    bureau.keeper().note("keyrate:key:crm:a")
    bureau.redis.flushall()

    bureau.ledger().rebuild()

    assert bureau.redis.hget(bureau.keys.key_rates, "crm:a") == held


def test_jobs_of_the_outbox_bring_both(bureau: Bureau) -> None:
    options = {**SAID, "hold": True, "rate_share": SHARE}
    bureau.outbox_service.enqueue([new_job("a", options=options, **SAID)])
    bureau.relay().run_once()

    assert (bureau.bench.field("a", "rate"), bureau.bench.field("a", "hold")) == (SHARE, "1")
