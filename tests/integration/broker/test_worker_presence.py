"""`RedisWorkerPresence`: worker processes as RQ's tools and ours see them."""

from __future__ import annotations

import os

import pytest
from rq import Queue, Worker

from backend.broker.jobs.inspection import RedisInspection
from backend.broker.workers.worker_presence import RedisWorkerPresence, forget_worker
from tests.integration.broker.bench import Bench


@pytest.fixture
def presence(bench: Bench) -> RedisWorkerPresence:
    return RedisWorkerPresence(
        bench.redis,
        bench.keys,
        name="host-email-1",
        lane="email",
        queues=["high:email", "low:email"],
        slots=10,
        lifetime=90,
    )


def test_a_worker_appears_in_rqs_sets_and_will_expire(
    bench: Bench, presence: RedisWorkerPresence
) -> None:
    presence.register()

    [worker] = Worker.all(connection=bench.redis)
    assert (worker.name, worker.pid) == ("host-email-1", os.getpid())
    assert worker.queue_names() == ["high:email", "low:email"]
    assert worker.get_state() == "idle"
    assert [w.name for w in Worker.all(queue=Queue("low:email", bench.redis))] == ["host-email-1"]
    assert 80 < bench.redis.ttl(bench.keys.worker("host-email-1")) <= 90


def test_a_busy_worker_names_a_job_and_what_it_has_done(
    bench: Bench, presence: RedisWorkerPresence
) -> None:
    presence.register()
    job = bench.started()

    presence.beat([job], stopping=True, finished=7, failed=2)

    [seen] = RedisInspection(bench.redis, bench.keys).workers()
    assert (seen.state, seen.stopping, seen.busy_slots, seen.slots) == ("busy", True, 1, 10)
    assert (seen.current_job, seen.finished, seen.failed) == (job.id, 7, 2)
    assert seen.rss_bytes > 1_000_000
    [rqs] = Worker.all(connection=bench.redis)
    assert (rqs.get_state(), rqs.successful_job_count) == ("busy", 7)


def test_an_idle_worker_names_no_job(bench: Bench, presence: RedisWorkerPresence) -> None:
    presence.register()
    presence.beat([bench.started()], stopping=False)

    presence.beat([], stopping=False)

    [seen] = RedisInspection(bench.redis, bench.keys).workers()
    assert (seen.state, seen.current_job, seen.stopping) == ("idle", "", False)
    assert not bench.redis.hexists(bench.keys.worker("host-email-1"), "current_job")


def test_each_beat_lengthens_the_life_of_the_record(
    bench: Bench, presence: RedisWorkerPresence
) -> None:
    presence.register()
    bench.redis.expire(bench.keys.worker("host-email-1"), 5)

    presence.beat([], stopping=False)

    assert bench.redis.ttl(bench.keys.worker("host-email-1")) > 80


def test_a_worker_that_redis_forgot_appears_again(
    bench: Bench, presence: RedisWorkerPresence
) -> None:
    presence.register()
    bench.redis.flushall()

    presence.beat([], stopping=False)

    [seen] = RedisInspection(bench.redis, bench.keys).workers()
    assert (seen.name, seen.pid, seen.slots) == ("host-email-1", os.getpid(), 10)


def test_a_worker_that_left_is_gone_and_its_death_is_noted_for_a_minute(
    bench: Bench, presence: RedisWorkerPresence
) -> None:
    presence.register()

    presence.unregister()

    assert Worker.all(connection=bench.redis) == []
    assert not bench.redis.exists(bench.keys.workers, bench.keys.workers_of("high:email"))
    assert bench.redis.hexists(bench.keys.worker("host-email-1"), "death")
    assert 0 < bench.redis.ttl(bench.keys.worker("host-email-1")) <= 60


def test_that_it_was_to_stop_is_noted_again_where_redis_forgot_it_and_goes_with_it(
    bench: Bench, presence: RedisWorkerPresence
) -> None:
    noted = bench.keys.told_to_stop("host-email-1")
    presence.register()
    presence.beat([], stopping=True)
    bench.redis.flushall()

    presence.beat([], stopping=True)
    assert bench.redis.exists(noted)

    presence.unregister()
    assert not bench.redis.exists(noted)


def test_leaving_twice_is_leaving_once(bench: Bench, presence: RedisWorkerPresence) -> None:
    presence.register()
    presence.unregister()

    presence.unregister()

    assert Worker.all(connection=bench.redis) == []


def test_a_dead_worker_is_forgotten_by_whoever_finds_it(
    bench: Bench, presence: RedisWorkerPresence
) -> None:
    presence.register()

    forget_worker(bench.redis, bench.keys, "host-email-1", ["high:email", "low:email"])

    assert RedisInspection(bench.redis, bench.keys).workers() == []


def test_whoever_drains_a_full_memory_is_seen_from_its_start_to_its_end(
    bench: Bench, presence: RedisWorkerPresence
) -> None:
    job = bench.started()
    bench.redis.config_set("maxmemory", 1)
    try:
        presence.register()
        presence.beat([job], stopping=False)
        [seen] = RedisInspection(bench.redis, bench.keys).workers()
        presence.unregister()
    finally:
        bench.redis.config_set("maxmemory", 0)

    assert (seen.name, seen.state, seen.current_job) == ("host-email-1", "busy", job.id)
    assert RedisInspection(bench.redis, bench.keys).workers() == []
