"""`RedisLeaseBook`: leases as rescuers and heartbeats see them."""

from __future__ import annotations

from typing import cast

import pytest

from backend.broker.jobs import lease_book
from backend.broker.jobs.lease_book import RedisLeaseBook
from backend.broker.workers.worker_presence import RedisWorkerPresence
from backend.domain.jobs.attempts.outcome import AttemptError, Outcome, OutcomeKind
from backend.domain.jobs.attempts.verdict import judge_vanished, unheard_seconds
from backend.domain.ports import Rescued
from tests.integration.broker.bench import ERROR, Bench, new_job

CRASHED = Outcome(OutcomeKind.CRASHED, error=AttemptError("crashed", "ProcessDied", "gone"))


@pytest.fixture
def book(bench: Bench) -> RedisLeaseBook:
    return RedisLeaseBook(bench.redis, bench.keys)


def test_a_lease_tells_what_a_judge_must_know(bench: Bench, book: RedisLeaseBook) -> None:
    bench.settle(bench.started(max_attempts=4), "crashed", body=ERROR)
    job = bench.claim(worker="w7")[0]

    [lease] = book.of_worker("w7")

    assert (lease.job_id, lease.fence, lease.worker) == (job.id, job.fence, "w7")
    assert (lease.failures, lease.max_attempts) == (1, 4)
    assert lease.expires == bench.lease_of(job.id)


def test_only_ended_leases_are_expired_the_oldest_first(bench: Bench, book: RedisLeaseBook) -> None:
    bench.seed(*[new_job(f"j{n}") for n in range(4)])
    bench.claim(4)
    for at, job_id in enumerate(("j3", "j1", "j2")):
        bench.redis.zadd(bench.keys.leases, {job_id: 1000 + at})

    assert [lease.job_id for lease in book.expired(10)] == ["j3", "j1", "j2"]
    assert [lease.job_id for lease in book.expired(2)] == ["j3", "j1"]


def test_without_leases_there_is_nothing_to_judge(book: RedisLeaseBook) -> None:
    assert book.expired(10) == []
    assert book.of_worker("w1") == []
    assert book.rescue([], only_expired=True) == []
    assert book.extend([], 60) == []


def test_the_leases_of_other_workers_are_not_mine(bench: Bench, book: RedisLeaseBook) -> None:
    bench.seed(*[new_job() for _ in range(4)])
    mine = bench.claim(2, worker="w1")
    bench.claim(2, worker="w2")

    assert {lease.job_id for lease in book.of_worker("w1")} == {job.id for job in mine}


def test_who_was_stopping_is_told_for_a_day(bench: Bench, book: RedisLeaseBook) -> None:
    """Also where all hosts were gone for hours, and no record of a worker is left."""
    for name in ("w1", "w2"):
        presence = RedisWorkerPresence(
            *(bench.redis, bench.keys),
            name=name,
            lane="default",
            queues=["normal"],
            slots=1,
            lifetime=90.0,
        )
        presence.register()
        presence.beat([], stopping=name == "w1")

    assert book.told_to_stop({"w1", "w2", "nobody"}) == {"w1"}
    assert book.told_to_stop(set()) == set()
    stopping, at_work = (bench.redis.ttl(bench.keys.worker(name)) for name in ("w1", "w2"))
    assert 170 < stopping <= 180
    assert 80 < at_work <= 90

    bench.redis.delete(bench.keys.worker("w1"), bench.keys.worker("w2"))
    assert book.told_to_stop({"w1", "w2"}) == {"w1"}
    assert 86_300 < bench.redis.ttl(bench.keys.told_to_stop("w1")) <= 86_400


def test_who_was_stopping_in_a_release_before_is_told_by_its_record(
    bench: Bench, book: RedisLeaseBook
) -> None:
    bench.redis.hset(bench.keys.worker("w1"), "stopping", 1)

    assert book.told_to_stop({"w1"}) == {"w1"}


def test_a_rescue_by_what_was_seen_ends_the_attempt(bench: Bench, book: RedisLeaseBook) -> None:
    job = bench.started()
    bench.let_lease_end(job.id)
    leases = book.expired(10)

    assert book.rescue([Rescued(leases[0], CRASHED)], only_expired=True) == [True]

    assert bench.queue() == [job.id]
    assert bench.error(job.id)["reason"] == "crashed"


def test_a_lease_that_moved_since_it_was_seen_is_kept(bench: Bench, book: RedisLeaseBook) -> None:
    jobs = [bench.started(), bench.started()]
    for job in jobs:
        bench.let_lease_end(job.id)
    leases = book.expired(10)
    book.extend([(jobs[0].id, jobs[0].fence)], 60)
    rescued = [Rescued(lease, CRASHED) for lease in leases]

    done = book.rescue(rescued, only_expired=True)

    assert [x.job_id for x, happened in zip(leases, done, strict=True) if happened] == [jobs[1].id]
    assert bench.field(jobs[0].id, "status") == "started"


def test_more_leases_than_fit_into_one_step_are_all_served(
    bench: Bench, book: RedisLeaseBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease_book, "BATCH", 3)
    bench.seed(*[new_job() for _ in range(10)])
    jobs = bench.claim(10)

    assert book.extend([(job.id, job.fence) for job in jobs], 60) == [1] * 10

    released = [Rescued(x, Outcome(OutcomeKind.RELEASED)) for x in book.of_worker("w1")]
    assert book.rescue(released, only_expired=False) == [True] * 10
    assert len(bench.queue()) == 10


def test_a_lease_without_a_job_belongs_to_nobody_and_is_cleared_by_rescue(
    bench: Bench, book: RedisLeaseBook
) -> None:
    job = bench.started()
    bench.let_lease_end(job.id)
    bench.remove_hash(job.id)
    [lease] = book.expired(10)

    assert (lease.worker, lease.fence) == ("", "")
    assert book.rescue([Rescued(lease, CRASHED)], only_expired=True) == [False]
    assert book.expired(10) == []


def _vanishes(bench: Bench, book: RedisLeaseBook, *, beats: bool) -> OutcomeKind:
    """What becomes of a job whose host vanishes, where the clock is ten minutes behind the stream."""
    seconds, _ = cast("tuple[int, int]", bench.redis.time())
    bench.functions.call("raise", (seconds + 600) * 1000, 0)
    bench.seed(new_job(max_attempts=2))
    [job] = bench.claim(lease=int(unheard_seconds(90) * 1000))
    if beats:
        book.extend([(job.id, job.fence)], 90)
    [rescued] = judge_vanished(book.of_worker("w1"), [], 90)
    return rescued.outcome.kind


def test_a_job_whose_host_vanishes_is_charged_whatever_the_clock_says(
    bench: Bench, book: RedisLeaseBook
) -> None:
    assert _vanishes(bench, book, beats=True) is OutcomeKind.CRASHED


def test_nor_does_that_clock_charge_what_nobody_had_heard_of(
    bench: Bench, book: RedisLeaseBook
) -> None:
    assert _vanishes(bench, book, beats=False) is OutcomeKind.RETURNED


def test_a_start_that_nobody_can_read_counts_as_heard_of(
    bench: Bench, book: RedisLeaseBook
) -> None:
    job = bench.started()
    bench.tampered = True
    bench.redis.hset(bench.keys.job(job.id), "started_at", "yesterday")

    assert book.of_worker("w1")[0].unextended_seconds is None
