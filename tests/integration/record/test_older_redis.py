"""A Redis that came back with an older copy of its data: what the record knows better is put right."""

from __future__ import annotations

from unittest.mock import Mock

import pytest

from backend.bootstrap import record_parts, upkeep_jobs
from tests.integration.broker.bench import ERROR
from tests.integration.record.bureau import Bureau
from tests.integration.record.older_copy import Copy, go_back, repair, take_copy
from workers.base_worker import JobContext


@pytest.fixture
def copy(bureau: Bureau) -> Copy:
    """What a copy of now has of Redis, with one job that waits under a key."""
    bureau.epochs().lift()
    bureau.enqueue(bureau.job(job_id="waited", idempotency_key="old"))
    return take_copy(bureau)


def test_what_has_finished_since_keeps_its_key(bureau: Bureau, copy: Copy) -> None:
    bureau.enqueue(bureau.job(job_id="came", idempotency_key="new"))
    for held in bureau.bench.claim(2):
        bureau.bench.settle(held, "finished", body="1", result="MQ==")
    go_back(bureau, copy)

    assert repair(bureau).recalled == 1

    again = [bureau.job(idempotency_key=key) for key in ("old", "new")]
    replies = [(reply.id, reply.created) for reply in bureau.queue.enqueue(again)]
    assert replies == [("waited", False), ("came", False)]
    assert bureau.bench.claim() == []
    for job_id in ("waited", "came"):
        assert 80_000 < bureau.redis.ttl(f"rq:job:{job_id}") <= 86_400


def test_the_job_that_follows_a_fail_over_brings_keys_back_as_well(
    bureau: Bureau, copy: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    bureau.enqueue(bureau.job(job_id="came", idempotency_key="new"))
    for held in bureau.bench.claim(2):
        bureau.bench.settle(held, "finished", body="1", result="MQ==")
    go_back(bureau, copy)
    bureau.epochs().lift()
    bureau.record()
    parts = Mock(**{"settings.ledger.repair": True})
    monkeypatch.setattr(upkeep_jobs, "platform", lambda: parts)
    monkeypatch.setattr(record_parts, "ledger_service", lambda _parts: bureau.ledger())
    after_an_epoch = JobContext("job", "reconcile", 1, tags=("epoch",))
    monkeypatch.setattr(upkeep_jobs, "current_job", lambda: after_an_epoch)

    told = upkeep_jobs.reconcile(upkeep_jobs.Nothing())

    [reply] = bureau.queue.enqueue([bureau.job(idempotency_key="new")])
    assert (told["recalled"], reply.id, reply.created) == (1, "came", False)


@pytest.mark.parametrize("how", ["finished", "canceled", "failed"])
def test_what_was_moved_and_has_ended_since_ends_where_it_was_moved_to(
    bureau: Bureau, copy: Copy, how: str
) -> None:
    bureau.bench.reprioritise("waited", "high")
    bureau.bench.settle(bureau.bench.claim()[0], how, body=ERROR)
    go_back(bureau, copy)

    repair(bureau)

    assert bureau.bench.field("waited", "origin") == "high"
    assert bureau.bench.field("waited", "status") == how
    assert [bureau.bench.count("accepted", queue) for queue in ("high", "normal")] == [1, 0]
    assert [bureau.bench.count(how, queue) for queue in ("high", "normal")] == [1, 0]
    assert bureau.chronicle.kinds("waited").count("reprioritised") == 1


def test_what_was_moved_while_it_waits_for_its_next_attempt_waits_where_it_was_moved_to(
    bureau: Bureau,
) -> None:
    bureau.epochs().lift()
    bureau.enqueue(bureau.job(job_id="job"))
    [held] = bureau.bench.claim()
    copy = take_copy(bureau)
    bureau.bench.settle(held, "retried", delay=1_000_000, body=ERROR)
    bureau.bench.reprioritise("job", "high")
    go_back(bureau, copy)

    repair(bureau)

    assert bureau.bench.field("job", "origin") == "high"
    assert list(bureau.bench.registry("scheduled", "high")) == ["job"]
    assert bureau.bench.registry("wip", "normal") == {}
    assert [bureau.bench.count("accepted", queue) for queue in ("high", "normal")] == [1, 0]
    assert bureau.chronicle.kinds("job").count("reprioritised") == 1


def test_what_has_died_since_is_in_the_dead_letter_queue(bureau: Bureau, copy: Copy) -> None:
    bureau.enqueue(bureau.job(job_id="came", max_retries=0))
    for held in bureau.bench.claim(2):
        bureau.bench.settle(held, "failed", body=ERROR)
    go_back(bureau, copy)

    repair(bureau)

    assert {job_id for job_id, _ in bureau.inspection.dead(0, 10)} == {"came", "waited"}
    assert bureau.bench.error("came")["error"] == "ValueError"
    assert bureau.bench.redrive("came") == [1]
