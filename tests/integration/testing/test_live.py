"""The kit on real servers: the same words, the real steps."""

from __future__ import annotations

import pytest
from redis import Redis

from backend.embedded.servers import Servers
from tally import IllegalMove
from tally.testing import live
from tests.unit.testing.shop import queue

SHOP = ["tests.unit.testing.shop"]


def test_jobs_are_enqueued_expected_and_run_in_a_real_redis(servers: Servers) -> None:
    with live(servers.redis_url, job_packages=SHOP) as jobs:
        with jobs.expect_enqueued("close_order", order_id=17):
            job_id = queue.enqueue_job("close_order", {"order_id": 17})

        ran = jobs.drain()

        assert [job.job_type for job in ran] == ["close_order", "send_receipt"]
        assert ran[1].result == {"sent": 17, "attempt": 1, "tenant": ""}
        assert jobs.job(job_id).state == "finished"


def test_failures_are_judged_by_the_real_steps(servers: Servers) -> None:
    with live(servers.redis_url, job_packages=SHOP) as jobs:
        queue.enqueue_job("send_receipt", {"order_id": 13}, max_retries=0)
        queue.enqueue_job("print_label", {"text": "later"}, delay=100)

        with pytest.raises(ValueError, match="bad luck"):
            jobs.drain()

        assert len(jobs.dead()) == 1
        assert [job.payload for job in jobs.scheduled()] == [{"text": "later"}]


def test_nothing_is_left_and_two_do_not_meet(servers: Servers) -> None:
    with Redis.from_url(servers.redis_url) as redis:
        # Keys of other tests may go meanwhile.
        redis.flushall()
        before = set(redis.scan_iter())
        with live(servers.redis_url, job_packages=SHOP):
            queue.enqueue_job("print_label", {"text": "x"})
            assert set(redis.scan_iter()) > before
        assert set(redis.scan_iter()) == before
    with live(servers.redis_url, job_packages=SHOP) as jobs:
        assert jobs.waiting() == []


def test_the_clock_of_a_real_redis_is_not_ours(servers: Servers) -> None:
    with live(servers.redis_url, job_packages=SHOP) as jobs, pytest.raises(IllegalMove):
        jobs.travel(hours=1)


def test_whoever_waits_for_a_job_has_it_done(servers: Servers) -> None:
    with live(servers.redis_url, job_packages=SHOP):
        job_id = queue.enqueue_job("print_label", {"text": "x"})

        assert queue.wait(job_id).result == "x"


def test_real_worker_processes_work_for_the_queue_of_a_test(servers: Servers) -> None:
    with live(servers.redis_url, job_packages=SHOP) as jobs, jobs.real_workers() as workers:
        workers.start("default")
        job_id = queue.enqueue_job("send_receipt", {"order_id": 17}, tenant="acme")

        job = queue.wait(job_id, timeout=120)

        assert job.result == {"sent": 17, "attempt": 1, "tenant": "acme"}
        assert job.worker != "worker-in-test"


def test_workers_that_do_not_begin_say_why(servers: Servers) -> None:
    with (
        live(servers.redis_url, job_packages=SHOP) as jobs,
        jobs.real_workers() as workers,
        pytest.raises(AssertionError, match="no lane"),
    ):
        workers.start("nowhere")


def test_a_rate_holds_as_its_type_declares_it(servers: Servers) -> None:
    with live(servers.redis_url, job_packages=SHOP) as jobs:
        ids = [queue.enqueue_job("call_courier", {"order_id": number}) for number in range(3)]

        assert [job.job_id for job in jobs.drain()] == ids[:2]
        assert jobs.job(ids[2]).state == "queued"
