"""The ``run_now`` step: scheduled jobs that somebody cannot wait for."""

from __future__ import annotations

import pytest

from tests.integration.broker.bench import ERROR, Bench, new_job


def test_a_scheduled_job_goes_to_the_back_of_its_queue_before_it_is_due(bench: Bench) -> None:
    job_id = bench.scheduled(queue="high:email")
    bench.seed(new_job("first", "high:email"))
    bench.redis.delete(bench.keys.wake("email"))

    assert bench.run_now(job_id) == [1]

    assert bench.queue("high:email") == ["first", job_id]
    assert bench.field(job_id, "status") == "queued"
    assert bench.field(job_id, "enqueued_at") is not None
    assert bench.members(bench.keys.schedule) == []
    assert bench.registry("scheduled", "high:email") == {}
    assert bench.wake_tokens("email") == 1
    event = bench.events(job_id)[-1]
    assert (event.kind, event.queue, event.body, event.worker) == (
        *("promoted", "high:email"),
        *("cannot wait", "ada"),
    )


def test_a_job_that_waits_to_be_retried_keeps_its_count_of_attempts(bench: Bench) -> None:
    job = bench.started(max_attempts=2)
    bench.settle(job, "retried", delay=60_000, body=ERROR)

    assert bench.run_now(job.id) == [1]

    [again] = bench.claim()
    assert (again.id, again.attempt) == (job.id, 2)


def test_asking_twice_queues_it_once(bench: Bench) -> None:
    job_id = bench.scheduled()

    assert bench.run_now(job_id, job_id) == [1, 0]

    assert bench.queue() == [job_id]
    assert bench.kinds(job_id) == ["enqueued", "promoted"]


@pytest.mark.parametrize(
    "state", ["nowhere", "queued", "parked", "started", "finished", "dead", "canceled"]
)
def test_only_scheduled_jobs_are_touched(bench: Bench, state: str) -> None:
    made = {
        "nowhere": lambda: "nobody",
        "queued": lambda: bench.seed(new_job())[0],
        "parked": bench.parked_by_pause,
        "started": lambda: bench.started().id,
        "finished": bench.finished,
        "dead": bench.dead,
        "canceled": bench.canceled,
    }
    job_id = made[state]()
    before = bench.snapshot()

    assert bench.run_now(job_id) == [0]

    assert bench.snapshot() == before
