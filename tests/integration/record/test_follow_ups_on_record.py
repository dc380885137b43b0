"""What follows a job, on record and after a loss of Redis."""

from __future__ import annotations

from backend.domain.jobs.options.follow_ups import follow_up_id
from backend.history.reading.history_store import PostgresHistoryStore
from tests.integration.broker.bench import ERROR
from tests.integration.record.bureau import Bureau


def _followed(bureau: Bureau, job_id: str) -> None:
    bureau.enqueue(bureau.job(job_id=job_id, on_success="count", on_failure="count", tenant="acme"))


def _lose_redis(bureau: Bureau) -> None:
    bureau.record()
    bureau.redis.flushall()


def test_the_record_shows_what_follows_what(bureau: Bureau) -> None:
    _followed(bureau, "a")
    [held] = bureau.bench.claim()
    bureau.bench.settle(held, "finished", body="1")
    bureau.record()

    history = PostgresHistoryStore(bureau.engine)
    parent = history.find("a")
    assert parent is not None
    child = history.find(parent.follow_ups[0].id)

    assert child is not None
    assert (child.job.job_type, child.job.tenant, child.labels.parent_id) == ("count", "acme", "a")
    assert child.payload == {"job_id": "a", "job_type": "greet", "state": "finished", "attempt": 1}
    assert (child.job.created_at, child.job.enqueued_at) == (parent.job.finished_at,) * 2
    assert history.find(parent.follow_ups[1].id) is None
    assert bureau.ledger().reconcile().is_balanced


def test_a_job_that_is_made_again_from_the_record_is_still_followed(bureau: Bureau) -> None:
    _followed(bureau, "a")
    _lose_redis(bureau)
    bureau.ledger().rebuild()

    [held] = bureau.bench.claim()
    bureau.bench.settle(held, "failed", body=ERROR)

    assert bureau.queue.find(follow_up_id("a", "on_failure")) is not None
    bureau.record()
    assert bureau.ledger().reconcile().is_balanced


def test_what_has_followed_does_not_follow_again_after_a_rebuild(bureau: Bureau) -> None:
    _followed(bureau, "a")
    [held] = bureau.bench.claim()
    bureau.bench.settle(held, "failed", body=ERROR)
    [telling] = bureau.bench.claim(queues=("normal:report",), lanes=("report",))
    bureau.bench.settle(telling, "finished")
    _lose_redis(bureau)
    bureau.ledger().rebuild()
    assert bureau.bench.field("a", "follow") == "on_success"

    assert bureau.bench.functions.call("follow", 10) == 0
    assert bureau.bench.redrive("a") == [1]
    [again] = bureau.bench.claim()
    bureau.bench.settle(again, "failed", body=ERROR)

    assert bureau.queue.find(telling.id) is None


def test_a_job_of_the_outbox_is_followed_like_others(bureau: Bureau) -> None:
    bureau.outbox_service.enqueue([bureau.job(job_id="a", on_success="count")])
    bureau.relay_all()
    [held] = bureau.bench.claim()

    bureau.bench.settle(held, "finished")

    follow_up = bureau.queue.find(follow_up_id("a", "on_success"))
    assert follow_up is not None
    assert follow_up.labels.parent_id == "a"
