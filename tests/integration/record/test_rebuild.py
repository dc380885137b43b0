"""An empty Redis gets back every job that the record says is not done."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from backend.domain.access.actor import Actor
from backend.domain.errors import IllegalMove
from backend.domain.jobs.job_event import version_of
from tests.integration.broker.bench import ERROR
from tests.integration.history.databases import run
from tests.integration.record.bureau import Bureau


def _lose_redis(bureau: Bureau) -> None:
    bureau.record()
    bureau.redis.flushall()


def test_every_waiting_job_comes_back_as_it_was(bureau: Bureau) -> None:
    soon = datetime.now(UTC) + timedelta(hours=1)
    bureau.enqueue(
        bureau.job(job_id="first", priority="high", tags=["a"], trace_id="t-1"),
        bureau.job(job_id="second", priority="high"),
        bureau.job(job_id="timed", run_at=soon),
        bureau.job("count", payload={}, job_id="report"),
        bureau.job(job_id="done"),
    )
    (done,) = bureau.bench.claim(1, ("normal",))
    bureau.bench.settle(done, "finished", body="1")
    _lose_redis(bureau)

    report = bureau.ledger().rebuild()

    assert report.restored == {"queued": 3, "scheduled": 1}
    assert bureau.bench.queue("high") == ["first", "second"]
    assert bureau.bench.queue("normal:report") == ["report"]
    first, timed = bureau.queue.find("first"), bureau.queue.find("timed")
    assert first is not None
    assert timed is not None
    assert (first.payload, first.tags, first.trace_id) == ({"name": "Ada"}, ["a"], "t-1")
    assert first.max_attempts == 4
    assert timed.run_at is not None
    assert abs(timed.run_at - soon) < timedelta(milliseconds=2)
    assert bureau.queue.find("done") is None
    bureau.record()
    assert bureau.ledger().reconcile().is_balanced


def test_pauses_and_limits_that_were_lost_are_named(bureau: Bureau) -> None:
    ada = Actor("ada")
    for action, what, after in (
        ("queues.pause", "queue:low", None),
        ("queues.pause", "queue:high", None),
        ("queues.resume", "queue:high", None),
        ("types.pause", "type:greet", None),
        ("types.limit", "type:greet", {"limit": 2}),
        ("types.limit", "type:count", 7),
        ("queues.pause_lane", "lane:report", None),
    ):
        bureau.audit.record(action, ada, object=what, after=after)
    bureau.bench.functions.call("pause", "lane:report")

    report = bureau.ledger().rebuild()

    lost = sorted((each.what, each.limit, each.by) for each in report.lost_controls)
    assert lost == [
        ("queue:low", 0, "ada"),
        ("type:count", 7, "ada"),
        ("type:greet", 0, "ada"),
        ("type:greet", 2, "ada"),
    ]


def test_a_job_that_ran_begins_again_uncharged_with_its_history_closed(bureau: Bureau) -> None:
    bureau.enqueue(bureau.job(job_id="running"))
    bureau.bench.claim()
    _lose_redis(bureau)

    report = bureau.ledger().rebuild()
    bureau.record()

    assert (report.restored, report.interrupted) == ({"queued": 1}, 1)
    (again,) = bureau.bench.claim()
    assert (again.id, again.attempt, again.failures) == ("running", 2, 0)
    assert [row["status"] for row in bureau.chronicle.results("running")] == ["released"]
    assert bureau.chronicle.kinds("running") == ["enqueued", "started", "released"]


def test_charged_failures_stay_charged(bureau: Bureau) -> None:
    bureau.enqueue(bureau.job(job_id="unlucky", max_retries=2))
    for kind in ("retried", "released", "crashed", "suspected"):
        (held,) = bureau.bench.claim()
        bureau.bench.settle(held, kind, body=ERROR, delay=1)
        if kind == "retried":
            bureau.bench.make_due("unlucky")
            bureau.bench.promote()
    _lose_redis(bureau)

    bureau.ledger().rebuild()

    (held,) = bureau.bench.claim()
    assert (held.attempt, held.failures, held.suspect) == (5, 2, True)
    bureau.bench.settle(held, "crashed", body=ERROR)
    assert bureau.bench.field("unlucky", "status") == "failed"


def test_a_redriven_job_has_all_its_attempts_again(bureau: Bureau) -> None:
    bureau.enqueue(bureau.job(job_id="job", max_retries=0))
    bureau.bench.settle(bureau.bench.claim()[0], "failed", body=ERROR)
    bureau.bench.redrive("job", data='["x",null,["greet",{"name":"Eve"}],{}]')
    _lose_redis(bureau)

    bureau.ledger().rebuild()

    job = bureau.queue.find("job")
    assert job is not None
    assert (job.failures, job.payload) == (0, {"name": "Eve"})


def test_dead_jobs_are_dead_again_and_can_be_redriven(bureau: Bureau) -> None:
    bureau.enqueue(bureau.job(job_id="dead"), bureau.job(job_id="given"))
    for job in bureau.bench.claim(2):
        bureau.bench.settle(job, "failed", body=ERROR)
    bureau.bench.discard("given")
    _lose_redis(bureau)

    report = bureau.ledger().rebuild()

    assert report.restored == {"failed": 1}
    (dead,) = bureau.inspection.dead(0, 10)
    assert dead[0] == "dead"
    assert bureau.bench.error("dead")["error"] == "ValueError"
    assert bureau.bench.redrive("dead") == [1]


def test_limits_expiry_and_keys_of_a_job_come_back_with_it(bureau: Bureau) -> None:
    soon = datetime.now(UTC) + timedelta(hours=1)
    carried = {
        "expires_at": soon.isoformat(),
        "limit_key": "acme",
        "limit": 2,
        "result_ttl": 7,
        "timeout": 12.0,
        "idempotency_key": "order-7",
    }
    job = bureau.job(
        job_id="job",
        expires_at=soon,
        limit_key="acme",
        limit=2,
        result_ttl=7,
        timeout=12,
        idempotency_key="order-7",
    )
    bureau.enqueue(job._replace(options={**job.options, **carried}))
    before = bureau.redis.hgetall("rq:job:job")
    _lose_redis(bureau)

    bureau.ledger().rebuild()

    after = bureau.redis.hgetall("rq:job:job")
    for name in (b"expires_at", b"limit_key", b"limit", b"result_ttl", b"timeout", b"unique_key"):
        assert after[name] == before[name]
    assert bureau.redis.get("rq:tally:unique:order-7") == b"job"


def test_a_job_that_says_nothing_of_its_own_comes_back_with_the_terms_of_the_deployment(
    bureau: Bureau,
) -> None:
    bureau.enqueue(bureau.job(job_id="job"))
    before = bureau.redis.hgetall("rq:job:job")
    _lose_redis(bureau)

    bureau.ledger().rebuild()

    after = bureau.redis.hgetall("rq:job:job")
    assert (after[b"result_ttl"], after[b"timeout"]) == (b"1800", before[b"timeout"])


def test_the_recovery_point_is_the_last_event_on_record(bureau: Bureau) -> None:
    bureau.enqueue(bureau.job())
    bureau.record()
    last = bureau.bench.events()[-1]
    bureau.enqueue(lost := bureau.job())
    bureau.redis.flushall()

    report = bureau.ledger().rebuild()

    assert report.recovery_point is not None
    assert report.recovery_point.timestamp() * 1000 == pytest.approx(version_of(last.id) >> 20)
    assert bureau.queue.find(lost.id) is None


def test_jobs_of_the_outbox_survive_even_when_they_were_not_on_record(bureau: Bureau) -> None:
    bureau.outbox_service.enqueue([job := bureau.job()])
    bureau.relay_all()
    bureau.redis.flushall()

    report = bureau.ledger().rebuild()
    bureau.relay_all()

    assert report.sent_again == 1
    assert bureau.bench.queue() == [job.id]


def test_a_redis_that_is_in_use_is_not_rebuilt_by_mistake(bureau: Bureau) -> None:
    bureau.enqueue(bureau.job())

    with pytest.raises(IllegalMove, match="there are jobs in Redis"):
        bureau.ledger().rebuild()


def test_an_interrupted_rebuild_is_begun_again_without_harm(bureau: Bureau) -> None:
    bureau.enqueue(*[bureau.job(job_id=f"job-{n}") for n in range(1200)])
    _lose_redis(bureau)
    ledger = bureau.ledger()
    ledger.rebuild()
    for n in range(0, 1200, 3):
        bureau.redis.delete(f"rq:job:job-{n}")
        bureau.redis.lrem("rq:queue:normal", 0, f"job-{n}")
        bureau.redis.hincrby("rq:tally:counts:normal", "accepted", -1)
    bureau.record()

    report = ledger.rebuild(even_if_used=True)

    assert (report.restored, report.present) == ({"queued": 400}, 800)
    assert sorted(bureau.run_all()) == sorted(f"job-{n}" for n in range(1200))
    bureau.record()
    assert bureau.ledger().reconcile().is_balanced


def test_jobs_of_one_bulk_come_back_in_the_order_of_their_queue(bureau: Bureau) -> None:
    ids = [f"job-{n * 7 % 90}" for n in range(90)]
    bureau.enqueue(*[bureau.job(job_id=job_id) for job_id in ids])
    assert bureau.bench.queue() == ids
    _lose_redis(bureau)

    bureau.ledger().rebuild()

    assert bureau.bench.queue() == ids


def test_jobs_that_share_a_position_are_all_found(bureau: Bureau) -> None:
    """Those of two lines of the same moment may: a page must not end between them and go on behind."""
    bureau.enqueue(*[bureau.job(job_id=f"job-{n}") for n in range(1200)])
    _lose_redis(bureau)
    run(bureau.engine, "UPDATE jobs SET position = (SELECT min(position) FROM jobs)")

    report = bureau.ledger().rebuild()

    assert report.restored == {"queued": 1200}


def test_a_job_whose_acceptance_is_not_on_record_is_named(bureau: Bureau) -> None:
    bureau.enqueue(bureau.job(job_id="unknown"))
    first = bureau.redis.xrange("rq:tally:events")[0][0]
    bureau.redis.xdel("rq:tally:events", first)
    bureau.bench.claim()
    _lose_redis(bureau)

    report = bureau.ledger().rebuild()

    assert report.unknown == ["unknown"]
    assert report.restored == {}


def test_a_rebuild_that_goes_on_does_not_bring_back_what_was_discarded_since(
    bureau: Bureau,
) -> None:
    bureau.enqueue(bureau.job(job_id="dead", max_retries=0))
    bureau.bench.settle(bureau.bench.claim()[0], "failed", body=ERROR)
    _lose_redis(bureau)
    bureau.ledger().rebuild()
    bureau.record()
    bureau.bench.discard("dead")

    with pytest.raises(IllegalMove, match="recorder"):
        bureau.ledger(patience=0.0).rebuild(even_if_used=True)
    bureau.record()
    report = bureau.ledger().rebuild(even_if_used=True)

    assert report.restored == {}
    assert bureau.inspection.dead(0, 10) == []
    bureau.record()
    assert bureau.ledger().reconcile().is_balanced


def test_a_rebuild_that_goes_on_waits_until_what_has_ended_since_is_on_record(
    bureau: Bureau,
) -> None:
    bureau.enqueue(bureau.job(job_id="job", result_ttl=0))
    _lose_redis(bureau)
    bureau.ledger().rebuild()
    bureau.outbox_service.enqueue([sent := bureau.job(result_ttl=0)])
    bureau.relay_all()
    assert bureau.run_all() == ["job", sent.id]
    recorder = threading.Thread(target=bureau.record)
    recorder.start()

    report = bureau.ledger().rebuild(even_if_used=True)
    recorder.join()
    bureau.relay_all()

    assert (report.restored, report.sent_again) == ({}, 0)
    assert bureau.run_all() == []


def test_a_rebuild_that_goes_on_sends_again_what_the_outbox_had_sent_and_redis_lost(
    bureau: Bureau,
) -> None:
    bureau.outbox_service.enqueue([job := bureau.job()])
    bureau.relay_all()
    bureau.redis.flushall()
    bureau.enqueue(bureau.job(job_id="other"))
    bureau.record()

    report = bureau.ledger().rebuild(even_if_used=True)
    bureau.relay_all()

    assert (report.present, report.sent_again) == (1, 1)
    assert bureau.bench.queue() == ["other", job.id]
