"""What operators do with RQ's own tools reaches our workers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rq.command import send_shutdown_command, send_stop_job_command
from rq.serializers import JSONSerializer
from rq.suspension import is_suspended, resume, suspend

from tests.integration.broker.bench import Bench, new_job
from tests.integration.interop.conftest import RqCommand


@pytest.fixture
def heard(bench: Bench) -> Any:
    """What a worker process called w1 hears on its channel."""
    from backend.broker.workers.command_channel import _command

    subscription = bench.redis.pubsub(ignore_subscribe_messages=True)
    subscription.subscribe(bench.keys.commands("w1"))
    subscription.get_message(timeout=5)

    def next_command() -> dict[str, Any]:
        return _command(subscription.get_message(timeout=5)["data"])

    yield next_command
    subscription.close()


def test_rq_suspend_stops_claims_and_rq_resume_lets_them_go_on(bench: Bench, rq: RqCommand) -> None:
    bench.seed(new_job("a"))

    assert rq("suspend").returncode == 0
    assert bench.claim() == []
    assert bench.queue() == ["a"]

    assert rq("resume").returncode == 0
    assert [job.id for job in bench.claim()] == ["a"]


def test_a_suspension_may_end_by_itself(bench: Bench) -> None:
    suspend(bench.redis, ttl=100)

    assert is_suspended(bench.redis)
    assert bench.claim() == []

    resume(bench.redis)
    assert not is_suspended(bench.redis)


def test_what_runs_is_settled_while_suspended(bench: Bench) -> None:
    job = bench.started()

    suspend(bench.redis)

    assert bench.extend(job) == [1]
    assert bench.settle(job, "finished") == 1


def test_the_shutdown_command_reaches_the_worker(
    bench: Bench, heard: Callable[[], dict[str, Any]]
) -> None:
    send_shutdown_command(bench.redis, "w1")

    assert heard() == {"command": "shutdown"}


def test_the_stop_job_command_finds_the_worker_of_the_job(
    bench: Bench, heard: Callable[[], dict[str, Any]]
) -> None:
    job = bench.started()

    send_stop_job_command(bench.redis, job.id, serializer=JSONSerializer)

    assert heard() == {"command": "stop-job", "job_id": job.id}


def test_rqs_words_and_ours_are_the_same(bench: Bench, heard: Callable[[], dict[str, Any]]) -> None:
    job = bench.started()
    send_stop_job_command(bench.redis, job.id, serializer=JSONSerializer)
    theirs = heard()

    bench.cancel(job.id, force=True)

    assert heard() == theirs
