"""The ``purge`` step: what waits in a queue is canceled."""

from __future__ import annotations

from typing import Any

from tests.integration.broker.bench import Bench, new_job


def _purge(bench: Bench, queue: str = "normal", most: int = 100) -> Any:
    return bench.functions.codes("purge", queue, "ada", "test data", most)[0]


def test_a_purged_queue_is_empty_and_each_job_canceled_with_a_name_and_a_reason(
    bench: Bench,
) -> None:
    ids = bench.seed(new_job(), new_job())

    assert _purge(bench) == 2

    assert bench.queue() == []
    assert bench.registry("canceled").keys() == set(ids)
    assert bench.count("canceled") == 2
    event = bench.events(ids[0])[-1]
    assert (event.kind, event.body, event.worker) == ("canceled", "test data", "ada")


def test_purging_takes_from_the_front_no_more_than_asked(bench: Bench) -> None:
    ids = bench.seed(*[new_job() for _ in range(5)])

    assert _purge(bench, most=2) == 2

    assert bench.queue() == ids[2:]


def test_an_empty_or_unknown_queue_has_nothing_to_purge(bench: Bench) -> None:
    assert _purge(bench) == 0
    assert _purge(bench, "high:nothing") == 0

    assert bench.kinds() == []


def test_purging_twice_is_purging_once(bench: Bench) -> None:
    bench.seed(new_job())
    _purge(bench)
    before = bench.snapshot()

    assert _purge(bench) == 0

    assert bench.snapshot() == before


def test_other_queues_scheduled_and_started_jobs_are_left_alone(bench: Bench) -> None:
    started, scheduled = bench.started(), bench.scheduled()
    bench.seed(new_job("other", "high"), new_job("here"))

    assert _purge(bench) == 1

    assert bench.field(started.id, "status") == "started"
    assert bench.field(scheduled, "status") == "scheduled"
    assert bench.queue("high") == ["other"]


def test_an_entry_that_names_no_queued_job_is_dropped_with_an_event(bench: Bench) -> None:
    bench.put_in_queue("ghost")

    assert _purge(bench) == 1

    assert bench.kinds("ghost") == ["dropped"]
    assert bench.count("canceled") == 0


def test_a_second_entry_of_a_started_job_ends_nothing(bench: Bench) -> None:
    job = bench.started()
    bench.put_in_queue(job.id)

    assert _purge(bench) == 1

    assert bench.settle(job, "finished") == 1


def test_an_entry_of_a_job_that_lives_in_another_queue_cancels_nothing(bench: Bench) -> None:
    bench.seed(new_job("a", "high"))
    bench.put_in_queue("a", "normal")

    assert _purge(bench, "normal") == 1

    assert bench.field("a", "status") == "queued"
    assert [job.id for job in bench.claim()] == ["a"]


def test_those_who_wait_for_a_purged_job_are_told(bench: Bench) -> None:
    job_id = bench.seed(new_job())[0]
    bench.functions.call("await", job_id)

    _purge(bench)

    assert bench.redis.llen(bench.keys.done(job_id)) == 1


def test_purging_works_while_memory_is_full(bench: Bench) -> None:
    bench.seed(new_job())
    bench.redis.config_set("maxmemory", 1)
    try:
        assert _purge(bench) == 1
    finally:
        bench.redis.config_set("maxmemory", 0)
