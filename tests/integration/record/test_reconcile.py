"""The ledger names each job that is wrong, and puts it right; what only moves raises no alarm."""

from __future__ import annotations

import json
import logging
import signal
from collections.abc import Iterator

import pytest
from rq import SimpleWorker
from sqlalchemy import create_engine, text

from backend.domain.errors import IllegalMove
from backend.domain.jobs.job_event import EventKind
from backend.domain.ledger.ledger import Fault, FaultKind, LedgerReport
from backend.history.ledger.ledger_store import PostgresLedgerStore
from backend.services.ledger import ledger_service
from tests.integration.record.bureau import Bureau
from tests.integration.record.planted_faults import PLANTED, finish, forge, lose_event


def _kinds(report: LedgerReport) -> set[tuple[str, str]]:
    return {(fault.kind.value, fault.job_id) for fault in report.faults}


def test_books_that_are_right_are_found_right(office: Bureau) -> None:
    report = office.ledger().reconcile()

    assert report.faults == []
    assert report.is_balanced
    assert report.jobs == 10
    balance = {each.queue: each for each in report.balances}["normal"]
    assert (balance.accepted, balance.difference) == (8, 0)
    for state, jobs in balance.recorded.items():
        assert balance.live[state] == jobs


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_found_by_name(office: Bureau, name: str) -> None:
    PLANTED[name].plant(office)

    report = office.ledger().reconcile()

    assert _kinds(report) == PLANTED[name].found
    assert not report.is_balanced
    assert report.repaired == 0


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_repaired(office: Bureau, name: str) -> None:
    PLANTED[name].plant(office)

    report = office.ledger().reconcile(repair=True)
    office.record()
    after = office.ledger().reconcile()

    assert _kinds(report) == PLANTED[name].found
    assert all(fault.is_repaired for fault in report.faults), report.faults
    assert after.faults == []
    assert after.is_balanced


def test_ten_faults_at_once_are_found_and_repaired(office: Bureau) -> None:
    office.enqueue(*[office.job(job_id=f"job-{n}") for n in range(10)])
    office.record()
    redis = office.redis
    redis.delete("rq:job:job-0")
    redis.lrem("rq:queue:normal", 0, "job-1")
    redis.rpush("rq:queue:normal", "job-2")
    redis.zadd("rq:scheduler:scheduled_jobs", {"job-3": 4e9})
    redis.zrem("rq:tally:leases", "started")
    redis.zadd("rq:tally:leases", {"job-5": 9e12})
    office.change("UPDATE jobs SET status = 'canceled' WHERE id = 'job-6'")
    office.change("DELETE FROM jobs WHERE id = 'job-7'")
    lose_event(office, lambda: office.bench.cancel("job-8"))
    forge(office, "job-9", status="finished")
    told: list[Fault] = []

    report = office.ledger().reconcile(repair=True, tell=told.append)
    office.record()

    assert {fault.job_id for fault in told} == {
        *(f"job-{n}" for n in (0, 1, 2, 3, 5, 6, 7, 8, 9)),
        "started",
    }
    assert report.repaired == len(told) == sum(report.counts.values())
    assert office.ledger().reconcile().is_balanced
    ran = office.run_all()
    assert {"job-0", "job-1", "job-2", "job-3", "job-5", "job-6", "job-7", "job-9"} < set(ran)
    assert len(ran) == len(set(ran))


def test_a_repaired_redis_holds_together_in_every_structure(office: Bureau) -> None:
    for name in ("queued", "scheduled", "started", "finished"):
        office.redis.rpush("rq:queue:high", name)
    office.redis.zrem("rq:scheduled:normal", "scheduled")
    office.redis.zrem("rq:wip:normal", *office.redis.zrange("rq:wip:normal", 0, -1))
    office.redis.sadd("rq:tally:holders:type:greet", "queued")

    office.ledger().reconcile(repair=True)

    assert office.bench.complaints() == []


def test_a_lost_job_comes_back_with_its_attempts_and_failures(office: Bureau) -> None:
    office.redis.delete("rq:job:retried")
    office.ledger().reconcile(repair=True)

    job = office.queue.find("retried")

    assert job is not None
    assert (job.state, job.attempt, job.failures, job.max_attempts) == ("scheduled", 1, 1, 3)
    assert job.payload == {"name": "Ada"}
    assert job.error is not None
    assert job.error.error == "ValueError"


def test_a_lost_running_job_begins_again_uncharged_and_its_attempt_is_closed(
    office: Bureau,
) -> None:
    (held,) = office.bench.claim(1)
    office.record()
    office.redis.delete(f"rq:job:{held.id}")

    office.ledger().reconcile(repair=True)
    office.record()

    assert office.bench.settle(held, "finished", body="1") == 0
    (again,) = [job for job in office.bench.claim(5) if job.id == held.id]
    assert (again.attempt, again.failures) == (2, 0)
    (first,) = office.chronicle.results(held.id)
    assert (first["status"], first["attempt"]) == ("released", 1)


def test_of_a_running_job_whose_hash_alone_was_taken_away_nothing_runs_beside_it(
    bureau: Bureau,
) -> None:
    bureau.enqueue(bureau.job(job_id="robbed"))
    (held,) = bureau.bench.claim()
    bureau.record()
    bureau.bench.tampered = True
    bureau.redis.delete(bureau.keys.job("robbed"))
    assert bureau.bench.settle(held, "finished") == 0
    ended = bureau.bench.let_lease_end("robbed")
    assert bureau.bench.rescue(held, lease=ended, only_expired=True) == 0

    bureau.ledger().reconcile(repair=True)

    assert bureau.bench.registry("wip") == {}
    assert bureau.bench.members(bureau.keys.leases) == []
    assert bureau.bench.state().difference == 0
    assert [job.id for job in bureau.bench.claim()] == ["robbed"]


def test_a_job_without_a_lease_is_not_taken_from_a_worker_that_lives(office: Bureau) -> None:
    (held,) = office.bench.claim(1)
    office.record()
    office.redis.zrem("rq:tally:leases", held.id)

    office.ledger().reconcile(repair=True)

    assert office.bench.extend(held) == [1]
    assert office.bench.settle(held, "finished", body="1") == 1


def test_a_finished_job_is_not_run_again_because_redis_came_back_from_an_older_copy(
    office: Bureau,
) -> None:
    keys = ("rq:job:queued", "rq:queue:normal", "rq:tally:counts:normal", "rq:finished:normal")
    older = {key: office.redis.dump(key) for key in keys}
    (held,) = office.bench.claim(1)
    assert held.id == "queued"
    office.bench.settle(held, "finished", body="1")
    office.record()
    for key, content in older.items():
        office.redis.restore(key, 0, content, replace=True)

    (fault,) = office.ledger().reconcile(repair=True).faults

    assert (fault.kind, fault.is_repaired) == (FaultKind.WRONG_STATE, True)
    assert "queued" not in office.run_all()
    job = office.queue.find("queued")
    assert job is not None
    assert job.state == "finished"
    # It stays as long as it says, or its type, or the deployment; not for an hour.
    assert 1790 < office.redis.ttl("rq:job:queued") <= 1800


def test_a_lost_end_is_told_to_the_record_with_its_result(office: Bureau) -> None:
    lose_event(office, lambda: finish(office, "started"))

    office.ledger().reconcile(repair=True)
    office.record()

    (attempt,) = office.chronicle.results("started")
    assert (attempt["status"], attempt["result_payload"]) == ("finished", "late")
    assert office.chronicle.kinds("started") == ["enqueued", "started", EventKind.FINISHED]


def test_a_job_that_the_outbox_sent_and_both_stores_lost_is_sent_again(bureau: Bureau) -> None:
    bureau.outbox_service.enqueue([job := bureau.job()])
    bureau.relay_all()
    bureau.redis.flushall()

    (fault,) = bureau.ledger().reconcile(repair=True).faults
    bureau.relay_all()

    assert (fault.kind, fault.job_id, fault.is_repaired) == (FaultKind.LOST, job.id, True)
    assert bureau.bench.queue() == [job.id]


def test_a_recorder_that_is_behind_raises_no_alarm(office: Bureau) -> None:
    office.run_all()
    office.enqueue(office.job(job_id="new"))
    office.redis.rpush("rq:queue:normal", "new")

    report = office.ledger(patience=0.05).reconcile()

    assert report.recorder_is_behind
    assert _kinds(report) == {("doubled", "new")}
    assert not report.is_balanced


@pytest.mark.parametrize("lost", ["queued", "new"])
def test_no_books_are_written_off_of_what_nobody_could_judge(office: Bureau, lost: str) -> None:
    """Who is lost only the record can tell, and it does when the recorder has caught up."""
    office.enqueue(office.job(job_id="new"))
    office.redis.delete(f"rq:job:{lost}")
    office.redis.lrem("rq:queue:normal", 0, lost)

    behind = office.ledger(patience=0.05).reconcile(repair=True)
    office.record()
    mended = office.ledger().reconcile(repair=True)

    assert (behind.recorder_is_behind, behind.is_balanced, behind.repaired) == (True, False, 0)
    assert _kinds(mended) == {("lost", lost)}
    assert mended.is_balanced
    office.record()
    assert office.ledger().reconcile().faults == []


def test_faults_that_are_not_named_any_more_explain_the_books_as_well(
    office: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_service, "_NAMED", 1)
    office.enqueue(office.job(job_id="urgent", priority="high"))
    office.record()
    for job_id, queue in (("queued", "normal"), ("urgent", "high")):
        office.redis.delete(f"rq:job:{job_id}")
        office.redis.lrem(f"rq:queue:{queue}", 0, job_id)

    report = office.ledger().reconcile()

    assert report.counts == {FaultKind.LOST: 2}


def test_only_one_reconciliation_goes_on_at_a_time(office: Bureau) -> None:
    with (
        PostgresLedgerStore(office.engine).count(),
        pytest.raises(IllegalMove, match="another reconciliation"),
    ):
        office.ledger().reconcile()


def test_a_count_outlasts_repairs_that_take_longer_than_a_transaction_may_rest(
    office: Bureau,
) -> None:
    hasty = create_engine(
        office.engine.url,
        connect_args={"options": "-c idle_in_transaction_session_timeout=1000"},
    )
    with PostgresLedgerStore(hasty).count() as count, office.engine.connect() as watch:
        watch.execute(text("SELECT pg_sleep(2)"))
        count.note_entries([])
        assert [suspect.job_id for page in count.suspects(10) for suspect in page] != []
    hasty.dispose()


def test_many_jobs_are_counted_page_by_page(bureau: Bureau) -> None:
    bureau.enqueue(*[bureau.job(job_id=f"job-{n}") for n in range(2400)])
    bureau.record()
    for n in range(0, 2400, 2):
        bureau.redis.delete(f"rq:job:job-{n}")
    bureau.redis.delete("rq:queue:normal")

    report = bureau.ledger().reconcile(repair=True)
    bureau.record()

    assert report.counts == {FaultKind.LOST: 1200, FaultKind.GHOST: 1200}
    assert len(report.faults) == 1000
    assert report.repaired == 2400
    assert bureau.ledger().reconcile().is_balanced
    assert len(set(bureau.run_all())) == 2400


@pytest.fixture
def handlers_kept() -> Iterator[None]:
    """What RQ's worker does to signals and to its log is undone: others run in this process after it."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    log = logging.getLogger("rq.worker")
    handlers, propagates, level = log.handlers[:], log.propagate, log.level
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)
    log.handlers[:], log.propagate = handlers, propagates
    log.setLevel(level)


@pytest.mark.usefixtures("handlers_kept")
def test_a_job_that_a_stock_rq_worker_ate_is_put_back_and_runs(bureau: Bureau) -> None:
    (job_id,) = bureau.enqueue(bureau.job(priority="high"))
    SimpleWorker(["high"], connection=bureau.redis).work(burst=True)
    bureau.record()

    by_others = "another program than ours failed it, such as a stock RQ worker"

    named = bureau.ledger().reconcile()
    mended = bureau.ledger().reconcile(repair=True)

    assert [(fault.kind, fault.detail) for fault in named.faults] == [
        ("ghost", "it is dead and not in the dead-letter queue"),
        (
            "wrong_state",
            f"Redis says failed, the record queued: {by_others}",
        ),
    ]
    (books,) = mended.balances
    assert mended.is_balanced
    assert (books.queue, books.accepted) == ("high", 1)
    assert {str(state): jobs for state, jobs in books.live.items() if jobs} == {"queued": 1}
    assert bureau.redis.zcard("rq:failed:high") == 0
    (held,) = bureau.bench.claim()
    assert (held.id, held.attempt) == (job_id, 1)
    assert json.loads(held.data)[2] == ["greet", {"name": "Ada"}]
    bureau.bench.settle(held, "finished")
    bureau.record()
    assert bureau.ledger().reconcile().is_balanced
