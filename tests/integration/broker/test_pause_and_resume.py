"""The ``pause`` and ``resume`` steps: queues, lanes and job types stop and go on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from backend.broker.jobs.inspection import RedisInspection
from backend.domain.jobs.pause import Pause
from tests.integration.broker.bench import Bench, new_job

EVERYTHING = ["queue:normal", "lane:default", "type:greet"]


@pytest.mark.parametrize("what", EVERYTHING)
def test_pausing_says_whether_it_was_paused_already(bench: Bench, what: str) -> None:
    assert bench.functions.call("pause", what) == 1
    assert bench.functions.call("pause", what) == 0

    assert bench.redis.smembers(bench.keys.paused) == {what.encode()}


@pytest.mark.parametrize("what", EVERYTHING)
def test_what_is_resumed_runs_again(bench: Bench, what: str) -> None:
    bench.functions.call("pause", what)
    bench.seed(new_job("a"))
    assert bench.claim() == []

    assert bench.resume(what)[0] == 1

    assert [job.id for job in bench.claim()] == ["a"]
    assert not bench.redis.exists(bench.keys.paused)


@pytest.mark.parametrize("what", EVERYTHING)
def test_resuming_what_is_not_paused_changes_nothing(bench: Bench, what: str) -> None:
    bench.seed(new_job())
    before = bench.snapshot()

    assert bench.resume(what) == [0, 0]

    assert bench.snapshot() == before


@pytest.mark.parametrize("what", EVERYTHING)
def test_what_runs_goes_on_while_paused(bench: Bench, what: str) -> None:
    job = bench.started()

    bench.functions.call("pause", what)

    assert bench.extend(job) == [1]
    assert bench.settle(job, "finished") == 1


def test_a_paused_queue_accepts_jobs(bench: Bench) -> None:
    bench.functions.call("pause", "queue:normal")

    assert bench.enqueue(new_job("a")) == [1]

    assert bench.state().paused


def test_a_paused_lane_stops_its_queues_and_no_other(bench: Bench) -> None:
    bench.seed(new_job("a", "high:email"), new_job("b", "low:email"), new_job("c", "low"))
    bench.functions.call("pause", "lane:email")

    claimed = bench.claim(9, ("high:email", "low:email", "low"))

    assert [job.id for job in claimed] == ["c"]


def test_resumed_lanes_are_woken(bench: Bench) -> None:
    bench.functions.call("pause", "lane:email")

    bench.resume("lane:email", lanes=("email", "default"))

    assert (bench.wake_tokens("email"), bench.wake_tokens()) == (64, 64)


def test_jobs_of_a_resumed_type_come_back_to_the_front_in_their_order(bench: Bench) -> None:
    bench.functions.call("pause", "type:greet")
    ids = bench.seed(*[new_job() for _ in range(5)])
    bench.claim(5)
    bench.seed(new_job("later", job_type="other"))

    assert bench.resume("type:greet") == [1, 5]

    assert bench.queue() == [*ids, "later"]
    assert bench.count("parked") == 0


def test_jobs_that_come_back_in_several_calls_keep_their_order(bench: Bench) -> None:
    bench.functions.call("pause", "type:greet")
    ids = bench.seed(*[new_job() for _ in range(5)])
    bench.claim(5)

    assert bench.resume("type:greet", 2) == [1, 2]
    assert bench.resume("type:greet", 2) == [0, 2]
    assert bench.resume("type:greet", 2) == [0, 1]

    assert bench.queue() == ids


def test_a_resumed_type_lets_other_paused_types_be(bench: Bench) -> None:
    bench.functions.call("pause", "type:other")
    bench.parked_by_pause(job_type="greet")
    other = bench.parked_by_pause(job_type="other")

    bench.resume("type:greet")

    assert bench.parked("paused:other") == [other]


def test_a_parked_id_whose_job_is_gone_is_dropped_with_an_event(bench: Bench) -> None:
    ghost = bench.parked_by_pause()
    job_id = bench.seed(new_job())[0]
    bench.claim()
    bench.remove_hash(ghost)

    assert bench.resume("type:greet") == [1, 1]

    assert bench.queue() == [job_id]
    assert bench.kinds(ghost)[-1] == "dropped"


def test_a_job_whose_type_was_paused_while_it_waited_for_a_slot_waits_for_both(
    bench: Bench,
) -> None:
    holder, job_id = bench.parked_by_limit()
    bench.functions.call("pause", "type:greet")
    bench.settle(holder, "finished")

    assert bench.claim() == []
    assert bench.parked("paused:greet") == [job_id]

    bench.resume("type:greet")
    assert [job.id for job in bench.claim()] == [job_id]


def test_pausing_and_resuming_work_while_memory_is_full(bench: Bench) -> None:
    bench.redis.config_set("maxmemory", 1)
    try:
        assert bench.functions.call("pause", "lane:email") == 1
        assert bench.resume("lane:email")[0] == 1
    finally:
        bench.redis.config_set("maxmemory", 0)


@pytest.mark.parametrize("what", EVERYTHING)
def test_a_pause_keeps_who_why_and_since_when(bench: Bench, what: str) -> None:
    look = RedisInspection(bench.redis, bench.keys)
    before = datetime.now(UTC) - timedelta(seconds=1)

    bench.functions.call("pause", what, "ada", "the mail server is down")
    bench.functions.call("pause", what, "bert", "later")

    [pause] = look.pauses()
    assert pause == Pause(what, "ada", "the mail server is down", pause.since)
    assert pause.since is not None
    assert before < pause.since < datetime.now(UTC) + timedelta(seconds=1)

    bench.resume(what)
    assert look.pauses() == []
    assert not bench.redis.exists(bench.keys.pauses)


def test_a_pause_of_an_earlier_release_is_one_without_a_name(bench: Bench) -> None:
    bench.redis.sadd(bench.keys.paused, "queue:low")

    assert RedisInspection(bench.redis, bench.keys).pauses() == [Pause("queue:low")]


def test_the_pause_of_a_type_says_how_many_stepped_aside(bench: Bench) -> None:
    bench.functions.call("pause", "lane:email", "ada", "")
    bench.parked_by_pause()

    pauses = RedisInspection(bench.redis, bench.keys).pauses()

    assert [(pause.what, pause.parked) for pause in pauses] == [
        ("lane:email", 0),
        ("type:greet", 1),
    ]
