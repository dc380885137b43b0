"""The ``redrive`` step: dead jobs go home."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from backend.broker.jobs import codec
from tests.integration.broker.bench import Bench, new_job


def test_a_dead_job_goes_to_the_back_of_its_own_queue_with_all_attempts_before_it(
    bench: Bench,
) -> None:
    dead = bench.dead(queue="low:email", max_attempts=1)
    bench.seed(new_job("waiting", "low:email"))
    bench.redis.delete(bench.keys.wake("email"))

    assert bench.redrive(dead) == [1]

    assert bench.queue("low:email") == ["waiting", dead]
    assert bench.field(dead, "status") == "queued"
    assert [bench.field(dead, name) for name in ("failures", "error", "ended_at")] == [None] * 3
    assert bench.members(bench.keys.dead) == []
    assert bench.registry("failed", "dlq") == {}
    assert bench.count("failed", "low:email") == 0
    assert bench.wake_tokens("email") == 1
    event = bench.events(dead)[-1]
    assert (event.kind, event.body, event.worker, event.data) == ("redriven", "fixed it", "ada", "")


def test_attempts_go_on_counting_so_that_each_keeps_its_own_number(bench: Bench) -> None:
    dead = bench.dead()

    bench.redrive(dead)

    assert bench.claim()[0].attempt == 2


def test_a_redriven_job_may_fail_as_often_as_a_new_one(bench: Bench) -> None:
    dead = bench.dead(max_attempts=2)
    bench.redrive(dead)
    job = bench.claim()[0]

    bench.settle(job, "crashed")

    assert bench.field(dead, "status") == "queued"


def test_a_redriven_suspect_runs_among_others_again(bench: Bench) -> None:
    job = bench.started(max_attempts=1)
    bench.rescue(job, "crashed")

    bench.redrive(job.id)

    assert bench.claim()[0].suspect is False


def test_the_payload_may_be_changed(bench: Bench) -> None:
    dead = bench.dead()

    assert bench.redrive(dead, data=codec.data_of("greet", '{"name":"Grace"}')) == [1]

    assert codec.payload_of(bench.claim()[0].data) == {"name": "Grace"}
    assert '{"name":"Grace"}' in bench.events(dead)[-2].data


def test_redriving_twice_queues_a_job_once(bench: Bench) -> None:
    dead = bench.dead()

    assert bench.redrive(dead, dead) == [1, 0]

    assert bench.queue() == [dead]
    assert bench.count("failed") == 0


def test_only_dead_jobs_can_be_redriven(bench: Bench) -> None:
    ids = [bench.finished(), bench.scheduled(), bench.canceled(), bench.started().id, "nobody"]
    ids += bench.seed(new_job())
    before = bench.snapshot()

    assert bench.redrive(*ids) == [0] * 6

    assert bench.snapshot() == before


def test_a_dead_entry_without_a_job_is_dropped_with_an_event(bench: Bench) -> None:
    dead = bench.dead()
    bench.remove_hash(dead)

    assert bench.redrive(dead) == [0]

    assert bench.members(bench.keys.dead) == []
    assert bench.kinds(dead)[-1] == "dropped"
    assert bench.queue() == []


def test_a_job_that_expired_long_ago_runs_when_a_person_says_so(bench: Bench) -> None:
    dead = bench.dead(expires_at=datetime.now(UTC) + timedelta(seconds=100))
    bench.redis.hset(bench.keys.job(dead), "expires_at", 1000)

    bench.redrive(dead)

    assert [job.id for job in bench.claim()] == [dead]


def test_a_redriven_job_that_was_asked_to_cancel_is_no_longer(bench: Bench) -> None:
    job = bench.started()
    bench.cancel(job.id)
    bench.settle(job, "failed")

    bench.redrive(job.id)

    assert bench.extend(*bench.claim()) == [1]


def test_a_redriven_job_finishes_and_leaves_as_any_other(bench: Bench) -> None:
    dead = bench.dead(result_ttl=100)
    bench.redrive(dead)

    bench.settle(bench.claim()[0], "finished", body="1", result="MQ==")

    assert 0 < bench.redis.ttl(bench.keys.results(dead)) <= 100
    assert (bench.count("accepted"), bench.count("finished")) == (1, 1)
