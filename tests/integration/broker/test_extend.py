"""The ``extend`` step: heartbeats."""

from __future__ import annotations

from tests.integration.broker.bench import Bench, new_job


def _lease(bench: Bench, job_id: str) -> int:
    """Milliseconds until a lease ends."""
    seconds, microseconds = bench.redis.time()
    return int(bench.lease_of(job_id)) - seconds * 1000 - microseconds // 1000


def test_a_heartbeat_lengthens_the_lease_and_is_seen_by_rq(bench: Bench) -> None:
    job = bench.started()
    bench.let_lease_end(job.id)
    before = bench.field(job.id, "last_heartbeat") or ""

    assert bench.extend(job, lease=90_000) == [1]

    assert 85_000 < _lease(bench, job.id) <= 90_000
    assert (bench.field(job.id, "last_heartbeat") or "") >= before


def test_a_heartbeat_may_shorten_a_lease(bench: Bench) -> None:
    job = bench.started()

    bench.extend(job, lease=1000)

    assert _lease(bench, job.id) <= 1000


def test_a_repeated_heartbeat_is_harmless_and_writes_no_event(bench: Bench) -> None:
    job = bench.started()
    before = bench.kinds()

    assert bench.extend(job, job) == [1, 1]

    assert bench.kinds() == before


def test_a_lease_that_somebody_else_has_is_lost(bench: Bench) -> None:
    sleeper = bench.started()
    bench.settle(sleeper, "released")
    owner = bench.claim(worker="w2")[0]
    before = bench.snapshot()

    assert bench.extend(sleeper) == [0]

    assert bench.snapshot() == before
    assert bench.extend(owner) == [1]


def test_the_lease_of_a_job_that_ended_is_lost_and_stays_away(bench: Bench) -> None:
    finished, retried, failed = (bench.started() for _ in range(3))
    bench.settle(finished, "finished")
    bench.settle(retried, "retried", delay=9000)
    bench.settle(failed, "failed")

    assert bench.extend(finished, retried, failed) == [0, 0, 0]

    assert bench.members(bench.keys.leases) == []


def test_a_lease_on_a_job_nobody_knows_is_lost(bench: Bench) -> None:
    job = bench.started()
    bench.remove_hash(job.id)

    assert bench.extend(job) == [0]

    assert not bench.redis.exists(bench.keys.job(job.id))


def test_a_heartbeat_tells_the_worker_that_it_is_asked_to_cancel(bench: Bench) -> None:
    asked, forced, neither = (bench.started() for _ in range(3))
    bench.cancel(asked.id)
    bench.cancel(forced.id, force=True)

    assert bench.extend(asked, forced, neither) == [2, 3, 1]

    assert bench.field(asked.id, "status") == "started"


def test_one_lost_lease_among_many_hides_no_other(bench: Bench) -> None:
    bench.seed(*[new_job() for _ in range(5)])
    jobs = bench.claim(5)
    bench.settle(jobs[2], "finished")

    assert bench.extend(*jobs) == [1, 1, 0, 1, 1]


def test_a_heartbeat_works_while_memory_is_full(bench: Bench) -> None:
    job = bench.started()
    bench.redis.config_set("maxmemory", 1)
    try:
        assert bench.extend(job) == [1]
    finally:
        bench.redis.config_set("maxmemory", 0)
