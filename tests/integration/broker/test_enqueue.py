"""The ``enqueue`` step: seeds, calls, reads back every structure and every return code."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from rq.job import Job
from rq.serializers import JSONSerializer

from backend.domain.errors import QueueFull
from tests.integration.broker.bench import Bench, new_job


def test_a_job_lands_in_its_queue_with_its_hash_event_count_and_wake_token(bench: Bench) -> None:
    assert bench.enqueue(new_job("a", "high")) == [1]

    assert bench.queue("high") == ["a"]
    assert bench.field("a", "status") == "queued"
    assert bench.field("a", "origin") == "high"
    assert bench.count("accepted", "high") == 1
    assert bench.redis.llen(bench.keys.wake("default")) == 1
    assert bench.redis.sismember(bench.keys.queues, bench.keys.queue("high"))
    event = bench.events("a")[0]
    assert (event.kind, event.state, event.job_type, event.queue) == (
        "enqueued",
        "queued",
        "greet",
        "high",
    )
    assert event.data == '{"name":"Ada"}'


def test_rq_reads_what_was_written(bench: Bench) -> None:
    bench.seed(new_job("a", timeout=60))

    job = Job.fetch("a", connection=bench.redis, serializer=JSONSerializer)

    assert job.get_status() == "queued"
    assert job.origin == "normal"
    assert job.timeout == 60
    assert job.func_name == "workers.runtime.trampoline.run"
    assert job.args == ["greet", {"name": "Ada"}]
    assert job.enqueued_at is not None
    assert abs(datetime.now(UTC) - job.enqueued_at) < timedelta(seconds=5)


def test_the_same_id_again_does_nothing(bench: Bench) -> None:
    bench.enqueue(new_job("a"))

    assert bench.enqueue(new_job("a", payload='{"name":"Bob"}')) == [3]

    assert bench.queue() == ["a"]
    assert bench.count("accepted") == 1
    assert bench.kinds() == ["enqueued"]


def test_a_delayed_job_waits_in_rq_schedulers_set_and_in_rqs_registry(bench: Bench) -> None:
    assert bench.enqueue(new_job("a", delay=10.5)) == [2]

    due = bench.redis.zscore(bench.keys.schedule, "a")
    seconds, microseconds = bench.redis.time()
    assert due == pytest.approx(seconds + microseconds / 1e6 + 10.5, abs=1)
    assert bench.registry("scheduled").keys() == {"a"}
    assert bench.queue() == []
    assert bench.field("a", "status") == "scheduled"
    assert bench.redis.llen(bench.keys.wake("scheduler")) == 1


def test_a_time_that_has_passed_means_now(bench: Bench) -> None:
    past = datetime.now(UTC) - timedelta(hours=1)

    assert bench.enqueue(new_job("a", run_at=past)) == [1]


def test_a_later_job_does_not_wake_the_scheduler(bench: Bench) -> None:
    bench.enqueue(new_job("soon", delay=5))
    bench.redis.delete(bench.keys.wake("scheduler"))

    bench.enqueue(new_job("later", delay=50))

    assert bench.redis.llen(bench.keys.wake("scheduler")) == 0


def test_an_idempotency_key_answers_with_its_twin_while_its_window_is_open(bench: Bench) -> None:
    bench.enqueue(new_job("a", unique_key="order-7", unique_window=100))

    assert bench.enqueue(new_job("b", unique_key="order-7", unique_window=100)) == [b"a"]

    assert bench.queue() == ["a"]
    assert 90_000 < bench.redis.pttl(bench.keys.unique("order-7")) <= 100_000


def test_a_full_queue_refuses_and_writes_nothing(bench: Bench) -> None:
    bench.enqueue(new_job("a"))

    assert bench.enqueue(new_job("b"), backlog=1) == [-1]

    assert bench.field("b", "status") is None
    assert bench.kinds() == ["enqueued"]


def test_a_recorder_too_far_behind_refuses(bench: Bench) -> None:
    bench.enqueue(new_job("a"))

    assert bench.enqueue(new_job("b"), stream=1) == [-2]

    assert bench.field("b", "status") is None


def test_many_jobs_keep_their_order(bench: Bench) -> None:
    jobs = [new_job(f"j{number}") for number in range(20)]

    assert bench.enqueue(*jobs) == [1] * 20

    assert bench.queue() == [job.id for job in jobs]


def test_full_memory_refuses_the_whole_call_but_lets_work_go_on(bench: Bench) -> None:
    job = bench.started()

    bench.redis.config_set("maxmemory", 1)
    try:
        # Whoever only works goes on.
        bench.functions.check()
        with pytest.raises(QueueFull, match="memory limit"):
            bench.functions.check_takes_jobs()
        with pytest.raises(QueueFull, match="memory limit"):
            bench.enqueue(new_job("b"))
        assert bench.settle(job, "finished") == 1
    finally:
        bench.redis.config_set("maxmemory", 0)
    assert bench.field("b", "status") is None


def test_wake_tokens_do_not_pile_up(bench: Bench) -> None:
    bench.enqueue(*[new_job() for _ in range(100)])

    assert bench.redis.llen(bench.keys.wake("default")) == 64
