"""The ``await`` step and `RedisJobQueue.wait`: a caller blocks until a job has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest

from backend.broker.jobs.job_queue import RedisJobQueue
from backend.broker.server.connection import connect_blocking
from backend.domain.jobs.job import ClaimedJob, JobView
from backend.domain.jobs.job_state import JobState
from backend.embedded.servers import Servers
from backend.services.queue_service import QueueService
from tests.eventually import eventually
from tests.integration.broker.bench import ERROR, Bench, new_job
from workers.job_types import call_threads


@pytest.fixture
def queue(bench: Bench, servers: Servers) -> Iterator[RedisJobQueue]:
    blocking = connect_blocking(servers.redis_url)
    yield RedisJobQueue(bench.redis, blocking, bench.keys)
    blocking.close()


def _someone_waits(bench: Bench, job_id: str) -> None:
    eventually(lambda: bench.redis.info("clients")["blocked_clients"] == 1, 5)
    assert bench.field(job_id, "waiters") == "1"


@pytest.mark.parametrize("kind", ["finished", "failed", "canceled"])
def test_who_waits_is_woken_by_every_way_to_end(
    bench: Bench, queue: RedisJobQueue, kind: str
) -> None:
    job = bench.started()
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(queue.wait, job.id, 20)
        _someone_waits(bench, job.id)

        bench.settle(job, kind)

        assert waiting.result(60) is True


def test_who_waits_is_woken_even_if_the_job_leaves_nothing_behind(
    bench: Bench, queue: RedisJobQueue
) -> None:
    job = bench.started(result_ttl=0)
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(queue.wait, job.id, 20)
        _someone_waits(bench, job.id)

        bench.settle(job, "finished")

        assert waiting.result(60) is True


@pytest.mark.parametrize("state", ["finished", "dead", "canceled"])
def test_nobody_waits_for_what_has_ended(bench: Bench, queue: RedisJobQueue, state: str) -> None:
    job_id = getattr(bench, state)()
    before = bench.snapshot()

    assert queue.wait(job_id, 20) is True

    assert bench.snapshot() == before


def test_nobody_waits_for_a_job_that_is_not_known(bench: Bench, queue: RedisJobQueue) -> None:
    assert queue.wait("nobody", 20) is False

    assert bench.snapshot() == {}


def test_waiting_ends_with_its_time(bench: Bench, queue: RedisJobQueue) -> None:
    job_id = bench.seed(new_job())[0]

    assert queue.wait(job_id, 0.01) is False


def test_a_retry_is_not_an_end(bench: Bench) -> None:
    job = bench.started()
    bench.functions.call("await", job.id)

    bench.settle(job, "retried", delay=9000)

    assert not bench.redis.exists(bench.keys.done(job.id))


def test_as_many_are_told_as_wait(bench: Bench) -> None:
    job = bench.started()
    answers = [bench.functions.call("await", job.id) for _ in range(3)]

    bench.settle(job, "finished")

    assert answers == [b"started"] * 3
    assert bench.redis.llen(bench.keys.done(job.id)) == 3
    assert 0 < bench.redis.ttl(bench.keys.done(job.id)) <= 60


def test_no_more_is_left_for_those_who_wait_than_they_hand_on(bench: Bench) -> None:
    """Each look of one caller counts: what polls for an hour must not hold the server at the end."""
    job = bench.started()
    for _ in range(100):
        bench.functions.call("await", job.id)

    bench.settle(job, "finished")

    assert bench.field(job.id, "waiters") == "64"
    assert bench.redis.lrange(bench.keys.done(job.id), 0, -1) == [b"+"] * 64


def test_what_the_last_release_counted_is_left_no_more_often(bench: Bench) -> None:
    job = bench.started()
    bench.redis.hset(bench.keys.job(job.id), "waiters", 300_000)

    bench.settle(job, "finished")

    assert bench.redis.llen(bench.keys.done(job.id)) == 64


def test_of_many_who_wait_each_tells_the_next(bench: Bench, queue: RedisJobQueue) -> None:
    job = bench.started()
    with ThreadPoolExecutor(max_workers=5) as threads:
        waiting = [threads.submit(queue.wait, job.id, 60) for _ in range(5)]
        eventually(lambda: bench.redis.info("clients")["blocked_clients"] == 5)
        # It ends, and of all tokens but one is left.
        bench.redis.hset(bench.keys.job(job.id), "status", "finished")
        bench.redis.rpush(bench.keys.done(job.id), "+")

        assert [each.result(60) for each in waiting] == [True] * 5

    assert bench.redis.lrange(bench.keys.done(job.id), 0, -1) == [b"+"]
    assert 0 < bench.redis.ttl(bench.keys.done(job.id)) <= 60
    bench.tampered = True


def test_a_token_that_is_left_from_an_end_before_ends_no_wait(
    bench: Bench, queue: RedisJobQueue
) -> None:
    job_id = bench.seed(new_job())[0]
    bench.redis.rpush(bench.keys.done(job_id), "+")

    assert queue.wait(job_id, 0.01) is False


def test_what_many_turns_leave_of_an_end_is_not_taken_for_the_next(
    bench: Bench, queue: RedisJobQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each turn of a wait counts as one who waits, and is left a token."""
    monkeypatch.setattr(call_threads, "TURN_SECONDS", 0.02)
    service, job = QueueService(queue, cast(Any, object())), bench.started()

    async def awaited(job: ClaimedJob, kind: str) -> JobView:
        waiting = asyncio.create_task(service.await_job(job.id, 60))
        await asyncio.to_thread(eventually, lambda: int(bench.field(job.id, "waiters") or 0) >= 5)
        bench.settle(job, kind, body=ERROR)
        return await waiting

    assert asyncio.run(awaited(job, "failed")).state is JobState.FAILED
    assert bench.redis.llen(bench.keys.done(job.id)) > 0
    bench.redrive(job.id)
    assert asyncio.run(awaited(bench.claim()[0], "finished")).state is JobState.FINISHED
