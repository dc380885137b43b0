"""The ledger names each job that is wrong, and puts it right; what only moves raises no alarm."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import NamedTuple

import pytest

from backend.domain.errors import IllegalMove
from backend.domain.job_event import EventKind
from backend.domain.ledger import Fault, FaultKind, LedgerReport
from backend.history.ledger_store import PostgresLedgerStore
from backend.loops.recorder import Recorder
from tests.integration.broker.bench import ERROR
from tests.integration.record.bureau import Bureau

#: What a job is named after in these tests: its state.
JOBS = ("queued", "scheduled", "started", "parked", "finished", "failed", "canceled", "retried")


@pytest.fixture
def office(bureau: Bureau) -> Bureau:
    """One job in each state, all of them on record."""
    bench = bureau.bench
    bench.functions.call("limit", "send_webhook", 1)
    hook = {"payload": {"url": "https://example.com/"}}
    bureau.enqueue(bureau.job("send_webhook", job_id="holder", **hook))
    bureau.enqueue(bureau.job("send_webhook", job_id="parked", **hook))
    bench.claim(2, ("normal:webhook",))
    for name in ("started", "finished", "failed", "retried"):
        bureau.enqueue(bureau.job(job_id=name, max_retries=2))
        (claimed,) = bench.claim()
        if name == "finished":
            bench.settle(claimed, "finished", body='{"ok":true}', result="eyJvayI6dHJ1ZX0=")
        elif name == "failed":
            bench.settle(claimed, "failed", body=ERROR, result="eJwDAAAAAAE=")
        elif name == "retried":
            bench.settle(claimed, "retried", body=ERROR, delay=1_000_000)
    bureau.enqueue(bureau.job(job_id="canceled"))
    bench.cancel("canceled")
    bureau.enqueue(bureau.job(job_id="scheduled", delay=1000))
    bureau.enqueue(bureau.job(job_id="queued"), bureau.job(job_id="other"))
    bureau.record()
    return bureau


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


class Planted(NamedTuple):
    """One fault that a foreign hand, or a crash of Redis, may make."""

    plant: Callable[[Bureau], object]
    found: set[tuple[str, str]]


def _lose_event(bureau: Bureau, act: Callable[[], object]) -> None:
    """Something happens, and its events never reach the record."""
    before = {entry for entry, _ in bureau.redis.xrange(bureau.keys.events)}
    act()
    after = {entry for entry, _ in bureau.redis.xrange(bureau.keys.events)}
    assert bureau.redis.xdel(bureau.keys.events, *(after - before)) > 0


def _finish(bureau: Bureau, job_id: str) -> None:
    held = bureau.redis.hget(bureau.keys.job(job_id), "fence")
    assert held is not None
    code = bureau.bench.functions.codes(
        "settle", job_id, held, "finished", 0, '"late"', "ImxhdGUi", "1"
    )
    assert code == [1]


def _forge(bureau: Bureau, job_id: str, **fields: str) -> None:
    bureau.redis.hset(bureau.keys.job(job_id), mapping=fields)


PLANTED = {
    "a hash and its entry are gone": Planted(
        lambda b: (b.redis.delete("rq:job:queued"), b.redis.lrem("rq:queue:normal", 0, "queued")),
        {("lost", "queued")},
    ),
    "a hash is gone, its entry is not": Planted(
        lambda b: b.redis.delete("rq:job:queued"), {("lost", "queued"), ("stray", "queued")}
    ),
    "a scheduled hash is gone": Planted(
        lambda b: b.redis.delete("rq:job:retried"), {("lost", "retried"), ("stray", "retried")}
    ),
    "a running job's hash is gone": Planted(
        lambda b: b.redis.delete("rq:job:started"), {("lost", "started"), ("stray", "started")}
    ),
    "an entry is gone": Planted(
        lambda b: b.redis.lrem("rq:queue:normal", 0, "queued"), {("ghost", "queued")}
    ),
    "an entry behind a limit is gone": Planted(
        lambda b: b.redis.delete("rq:tally:parked:type:send_webhook"), {("ghost", "parked")}
    ),
    "a time is gone": Planted(
        lambda b: b.redis.zrem("rq:scheduler:scheduled_jobs", "scheduled"),
        {("ghost", "scheduled")},
    ),
    "a dead job is listed nowhere": Planted(
        lambda b: (
            b.redis.zrem("rq:failed:dlq", "failed"),
            b.redis.zrem("rq:tally:dead", "failed"),
        ),
        {("ghost", "failed")},
    ),
    "an entry is there twice": Planted(
        lambda b: b.redis.rpush("rq:queue:normal", "queued"), {("doubled", "queued")}
    ),
    "an entry is in another queue as well": Planted(
        lambda b: b.redis.rpush("rq:queue:high", "queued"), {("doubled", "queued")}
    ),
    "an entry is in another queue instead": Planted(
        lambda b: (
            b.redis.lrem("rq:queue:normal", 0, "queued"),
            b.redis.rpush("rq:queue:low", "queued"),
        ),
        {("ghost", "queued"), ("doubled", "queued")},
    ),
    "a queued job is in the schedule too": Planted(
        lambda b: b.redis.zadd("rq:scheduler:scheduled_jobs", {"queued": 4e9}),
        {("doubled", "queued")},
    ),
    "a finished job is in a queue": Planted(
        lambda b: b.redis.rpush("rq:queue:normal", "finished"), {("doubled", "finished")}
    ),
    "a lease is gone": Planted(
        lambda b: b.redis.zrem("rq:tally:leases", "started"), {("stuck", "started")}
    ),
    "a lease is left over": Planted(
        lambda b: b.redis.zadd("rq:tally:leases", {"queued": 9e12}), {("stuck", "queued")}
    ),
    "a slot of a limit is left over": Planted(
        lambda b: b.redis.sadd("rq:tally:holders:type:greet", "finished"),
        {("stuck", "finished")},
    ),
    "an entry names nobody": Planted(
        lambda b: b.redis.rpush("rq:queue:normal", "nobody"), {("stray", "nobody")}
    ),
    "the end of a job never reached the record": Planted(
        lambda b: _lose_event(b, lambda: _finish(b, "started")), {("wrong_state", "started")}
    ),
    "the start of a job never reached the record": Planted(
        lambda b: _lose_event(b, lambda: b.bench.claim(1)), {("wrong_state", "queued")}
    ),
    "a cancellation never reached the record": Planted(
        lambda b: _lose_event(b, lambda: b.bench.cancel("queued")), {("wrong_state", "queued")}
    ),
    "a redrive never reached the record": Planted(
        lambda b: _lose_event(b, lambda: b.bench.redrive("failed")), {("wrong_state", "failed")}
    ),
    "a job was moved to another queue unrecorded": Planted(
        lambda b: _lose_event(b, lambda: b.bench.reprioritise("queued", "high")),
        {("wrong_state", "queued")},
    ),
    "a row was changed by hand": Planted(
        lambda b: b.change("UPDATE jobs SET status = 'finished' WHERE id = 'queued'"),
        {("wrong_state", "queued")},
    ),
    "a hash was changed by hand": Planted(
        lambda b: _forge(b, "queued", status="finished"),
        {("wrong_state", "queued"), ("doubled", "queued")},
    ),
    "a hash has a state that is none": Planted(
        lambda b: _forge(b, "queued", status="lurking"), {("wrong_state", "queued")}
    ),
    "a hash says that a job runs which does not": Planted(
        lambda b: _forge(b, "queued", status="started"),
        {("wrong_state", "queued"), ("doubled", "queued"), ("stuck", "queued")},
    ),
    "a row is gone": Planted(
        lambda b: b.change("DELETE FROM jobs WHERE id = 'queued'"), {("missing_row", "queued")}
    ),
    "the row of a running job is gone": Planted(
        lambda b: b.change("DELETE FROM jobs WHERE id = 'started'"), {("missing_row", "started")}
    ),
    "the row of a scheduled job is gone": Planted(
        lambda b: b.change("DELETE FROM jobs WHERE id = 'retried'"), {("missing_row", "retried")}
    ),
    "the row of a dead job is gone": Planted(
        lambda b: b.change("DELETE FROM jobs WHERE id = 'failed'"), {("missing_row", "failed")}
    ),
    "the acceptance of a job never reached the record": Planted(
        lambda b: (
            _lose_event(b, lambda: b.enqueue(b.job(job_id="late", priority="high"))),
            b.bench.claim(1, ("high",)),
            b.record(),
        ),
        {("missing_row", "late")},
    ),
    "a job that was accepted is in no store": Planted(
        lambda b: _lose_event(
            b,
            lambda: (
                b.enqueue(b.job(job_id="gone")),
                b.redis.delete("rq:job:gone"),
                b.redis.lrem("rq:queue:normal", 0, "gone"),
            ),
        ),
        {("unbalanced", "")},
    ),
}


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
    _lose_event(office, lambda: office.bench.cancel("job-8"))
    _forge(office, "job-9", status="finished")
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


def test_a_job_without_a_lease_is_not_taken_from_a_worker_that_lives(office: Bureau) -> None:
    (held,) = office.bench.claim(1)
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


def test_a_lost_end_is_told_to_the_record_with_its_result(office: Bureau) -> None:
    _lose_event(office, lambda: _finish(office, "started"))

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


def test_only_one_reconciliation_goes_on_at_a_time(office: Bureau) -> None:
    with (
        PostgresLedgerStore(office.engine).count(),
        pytest.raises(IllegalMove, match="another reconciliation"),
    ):
        office.ledger().reconcile()


class Traffic:
    """Callers, workers, people and a recorder that do not stop while the books are closed."""

    def __init__(self, bureau: Bureau) -> None:
        self._bureau = bureau
        self._stop = threading.Event()
        self._recorder: Recorder = bureau.chronicle.recorder()
        duties = (self._enqueue, self._work, self._move, self._record)
        self._threads = [threading.Thread(target=duty) for duty in duties]

    def __enter__(self) -> Traffic:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _enqueue(self) -> None:
        while not self._stop.is_set():
            self._bureau.enqueue(
                *[
                    self._bureau.job(priority=priority, delay=delay, result_ttl=1)
                    for priority in ("high", "normal", "low")
                    for delay in (0, 0, 0.05)
                ]
            )
            self._stop.wait(0.001)

    def _work(self) -> None:
        kinds = ("finished", "finished", "retried", "released", "failed", "snoozed")
        while not self._stop.is_set():
            self._bureau.bench.promote()
            for at, job in enumerate(self._bureau.bench.claim(12)):
                self._bureau.bench.settle(job, kinds[at % len(kinds)], delay=50, body='"x"')

    def _move(self) -> None:
        while not self._stop.is_set():
            waiting = self._bureau.bench.queue("low")
            for job_id in waiting[1:8:3]:
                self._bureau.bench.cancel(job_id)
            for job_id in waiting[2:9:3]:
                self._bureau.bench.reprioritise(job_id, "normal", front=True)
            self._stop.wait(0.005)

    def _record(self) -> None:
        while not self._stop.is_set():
            self._recorder.record_batch()


def test_jobs_that_move_raise_no_alarm(office: Bureau) -> None:
    moved = 0
    with Traffic(office):
        for _ in range(8):
            report = office.ledger(patience=20).reconcile()
            assert report.faults == []
            assert not report.recorder_is_behind
            moved += report.moved

    office.record()
    assert office.ledger().reconcile().is_balanced
    assert moved > 10


def test_a_fault_among_jobs_that_move_is_found_and_repaired(office: Bureau) -> None:
    (victim,) = office.enqueue(office.job("count", payload={}, job_id="victim"))
    office.record()
    office.redis.lrem("rq:queue:normal:report", 0, victim)

    with Traffic(office):
        report = office.ledger(patience=20).reconcile(repair=True)

    assert _kinds(report) == {("ghost", "victim")}
    assert office.bench.queue("normal:report") == ["victim"]


def test_many_jobs_are_counted_page_by_page(bureau: Bureau) -> None:
    bureau.enqueue(*[bureau.job(job_id=f"job-{n}") for n in range(5000)])
    bureau.record()
    for n in range(0, 5000, 2):
        bureau.redis.delete(f"rq:job:job-{n}")
    bureau.redis.delete("rq:queue:normal")

    report = bureau.ledger().reconcile(repair=True)
    bureau.record()

    assert report.counts == {FaultKind.LOST: 2500, FaultKind.GHOST: 2500}
    assert len(report.faults) == 1000
    assert report.repaired == 5000
    assert bureau.ledger().reconcile().is_balanced
    assert len(set(bureau.run_all())) == 5000
