"""What people see of jobs that stepped aside: which gates, in which order, since when the oldest."""

from __future__ import annotations

from datetime import datetime

import pytest

from backend.broker.jobs import parked_jobs
from backend.broker.jobs.inspection import RedisInspection
from tests.integration.broker.bench import Bench, new_job


@pytest.fixture
def look(bench: Bench) -> RedisInspection:
    return RedisInspection(bench.redis, bench.keys)


def aged(bench: Bench, job_id: str, hour: int) -> datetime:
    """A job that waits since that hour."""
    text = f"2026-01-02T{hour:02}:00:00.000000Z"
    bench.redis.hset(bench.keys.job(job_id), "enqueued_at", text)
    return datetime.fromisoformat(text)


def test_jobs_behind_a_gate_are_listed_in_their_order(bench: Bench, look: RedisInspection) -> None:
    bench.functions.call("pause", "type:greet")
    ids = bench.seed(*[new_job() for _ in range(5)])
    bench.claim(5)

    assert look.gates() == ["paused:greet"]
    assert look.parked("paused:greet", 0, 3) == ids[:3]
    assert look.parked("paused:greet", 3, 3) == ids[3:]


def test_a_queue_whose_jobs_all_stepped_aside_has_an_oldest_one(
    bench: Bench, look: RedisInspection
) -> None:
    since = aged(bench, bench.parked_by_pause(), 3)

    [state] = look.queue_states(["normal"])

    assert (state.parked, state.oldest_enqueued_at) == (1, since)


def test_the_oldest_is_the_older_of_those_in_line_and_those_aside(
    bench: Bench, look: RedisInspection
) -> None:
    parked = bench.parked_by_pause(job_type="other")
    bench.seed(new_job("a"))

    aside = aged(bench, parked, 3)
    in_line = aged(bench, "a", 5)
    assert look.queue_states(["normal"])[0].oldest_enqueued_at == aside

    in_line = aged(bench, "a", 1)
    assert look.queue_states(["normal"])[0].oldest_enqueued_at == in_line


def test_each_queue_has_its_own_oldest_behind_gates_that_queues_share(
    bench: Bench, look: RedisInspection
) -> None:
    _, second = bench.parked_by_limit(job_type="other")
    bench.functions.call("pause", "type:greet")
    bench.seed(new_job("a", "high"), new_job("b"), new_job("c", "low"))
    bench.claim(9)
    hours = {"a": 4, "b": 3, "c": 2, second: 5}
    since = {job_id: aged(bench, job_id, hour) for job_id, hour in hours.items()}

    states = look.queue_states(["high", "normal", "low"])

    assert [state.oldest_enqueued_at for state in states] == [since["a"], since["b"], since["c"]]


def test_one_far_behind_those_of_another_queue_is_found(
    bench: Bench, look: RedisInspection
) -> None:
    bench.functions.call("pause", "type:greet")
    bench.seed(*[new_job(queue="high") for _ in range(150)])
    bench.claim(150)
    bench.seed(new_job("last", "high:email"))
    bench.claim(queues=("high:email",))

    assert look.queue_states(["high:email"])[0].oldest_enqueued_at is not None


def test_no_more_is_looked_at_than_a_scrape_may(
    bench: Bench, look: RedisInspection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parked_jobs, "_MOST_LOOKED_AT", 10)
    bench.functions.call("pause", "type:greet")
    bench.seed(*[new_job(queue="high") for _ in range(20)], new_job("last", "high:email"))
    bench.claim(30, ("high", "high:email"))

    states = look.queue_states(["high", "high:email"])

    assert states[0].oldest_enqueued_at is not None
    assert states[1].oldest_enqueued_at is None


def test_a_job_without_a_hash_tells_nothing(bench: Bench, look: RedisInspection) -> None:
    bench.remove_hash(bench.parked_by_pause())

    assert look.queue_states(["normal"])[0].oldest_enqueued_at is None
