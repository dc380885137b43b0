"""The ``reprioritise`` step: waiting jobs change their queue."""

from __future__ import annotations

import pytest

from tests.integration.broker.bench import Bench, new_job


def test_a_queued_job_goes_to_the_back_of_the_other_queue(bench: Bench) -> None:
    bench.seed(new_job("a", "low:email"), new_job("b", "high:email"))
    bench.redis.delete(bench.keys.wake("email"))

    assert bench.reprioritise("a", "high:email") == 1

    assert bench.queue("low:email") == []
    assert bench.queue("high:email") == ["b", "a"]
    assert bench.field("a", "origin") == "high:email"
    assert (bench.count("accepted", "low:email"), bench.count("accepted", "high:email")) == (0, 2)
    assert bench.wake_tokens("email") == 1
    event = bench.events("a")[-1]
    assert (event.kind, event.queue, event.body, event.worker) == (
        "reprioritised",
        "high:email",
        "urgent",
        "ada",
    )


def test_a_job_may_go_to_the_front(bench: Bench) -> None:
    bench.seed(new_job("a", "low"), new_job("b", "high"))

    assert bench.reprioritise("a", "high", front=True) == 1

    assert bench.queue("high") == ["a", "b"]


def test_a_queue_that_was_never_used_appears_in_rqs_set(bench: Bench) -> None:
    bench.seed(new_job("a"))

    bench.reprioritise("a", "high")

    assert bench.redis.sismember(bench.keys.queues, bench.keys.queue("high"))


def test_a_scheduled_job_keeps_its_time(bench: Bench) -> None:
    job_id = bench.scheduled(queue="low", delay=123.456)
    due = bench.redis.zscore(bench.keys.schedule, job_id)

    assert bench.reprioritise(job_id, "high") == 1

    assert bench.redis.zscore(bench.keys.schedule, job_id) == pytest.approx(due, abs=0.001)
    assert bench.registry("scheduled", "low") == {}
    assert bench.registry("scheduled", "high") == {job_id: int(due)}
    bench.make_due(job_id)
    bench.promote()
    assert bench.queue("high") == [job_id]


@pytest.mark.parametrize("is_listed", [True, False])
def test_a_scheduled_job_whose_time_is_gone_moves_with_the_others(
    bench: Bench, is_listed: bool
) -> None:
    """A foreign hand took it out of the schedule; RQ's registry may know its time still."""
    lost, job_id = bench.scheduled(queue="low"), bench.scheduled(queue="low")
    due = bench.registry("scheduled", "low")[lost]
    bench.redis.zrem(bench.keys.schedule, lost)
    if not is_listed:
        bench.redis.zrem(bench.keys.registry("scheduled", "low"), lost)

    moved = bench.functions.codes(
        "reprioritise", "ada", "", 0, *(text for each in (lost, job_id) for text in (each, "high"))
    )

    assert moved == [1, 1]
    assert bench.registry("scheduled", "low") == {}
    assert bench.promote()[0] == (not is_listed)
    assert bench.queue("high") == ([] if is_listed else [lost])
    assert due in bench.registry("scheduled", "high").values()


@pytest.mark.parametrize("why", ["limit", "pause"])
def test_a_parked_job_moves_its_books_and_comes_back_in_the_new_queue(
    bench: Bench, why: str
) -> None:
    holder = None
    if why == "limit":
        holder, job_id = bench.parked_by_limit(queue="low")
    else:
        job_id = bench.parked_by_pause(queue="low")

    assert bench.reprioritise(job_id, "high") == 1

    assert bench.queue("high") == []
    assert (bench.count("parked", "low"), bench.count("parked", "high")) == (0, 1)
    assert bench.complaints() == []
    if holder:
        bench.settle(holder, "finished")
    else:
        bench.resume("type:greet")
    assert bench.queue("high") == [job_id]


def test_moving_twice_moves_once(bench: Bench) -> None:
    bench.seed(new_job("a"), new_job("b"))
    bench.reprioritise("a", "high")
    before = bench.snapshot()

    assert bench.reprioritise("a", "high") == 2

    assert bench.snapshot() == before


def test_jobs_that_do_not_wait_stay_where_they_are(bench: Bench) -> None:
    ids = [bench.finished(), bench.dead(), bench.canceled(), bench.started().id, "nobody"]
    before = bench.snapshot()

    assert [bench.reprioritise(job_id, "high") for job_id in ids] == [0] * 5

    assert bench.snapshot() == before


def test_a_moved_job_is_claimed_from_its_new_queue_alone(bench: Bench) -> None:
    bench.seed(new_job("a", "low"))
    bench.reprioritise("a", "high")

    assert bench.claim(queues=("low",)) == []
    assert [job.queue for job in bench.claim(queues=("high",))] == ["high"]


def test_moving_works_while_memory_is_full(bench: Bench) -> None:
    bench.seed(new_job("a"))
    bench.redis.config_set("maxmemory", 1)
    try:
        assert bench.reprioritise("a", "high") == 1
    finally:
        bench.redis.config_set("maxmemory", 0)
