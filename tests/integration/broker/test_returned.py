"""A job that was claimed ahead and given back before its handler began: no trace of an attempt."""

from __future__ import annotations

from typing import Any

import pytest
from rq.job import Job
from rq.serializers import JSONSerializer

from backend.domain.jobs.job import ClaimedJob
from tests.integration.broker.bench import ERROR, Bench, new_job


def _all_but(bench: Bench, job_id: str, *names: str) -> dict[str, Any]:
    found = bench.redis.hgetall(bench.keys.job(job_id))
    fields = {name.decode(): value.decode() for name, value in found.items()}
    return {name: value for name, value in fields.items() if name not in names}


def _second_attempt(bench: Bench) -> ClaimedJob:
    """A job that failed once with some progress, and is held again."""
    job = bench.started(max_attempts=3)
    bench.functions.call("progress", job.id, job.fence, '{"done":1}')
    bench.settle(job, "retried", delay=1, body=ERROR)
    bench.make_due(job.id)
    bench.promote()
    return job


def test_a_first_claim_that_is_returned_leaves_the_job_as_it_was(bench: Bench) -> None:
    bench.seed(new_job("a"), new_job("b"))
    before = _all_but(bench, "a", "fence")

    (held,) = bench.claim()
    assert bench.settle(held, "returned") == 1

    assert _all_but(bench, "a", "fence", "returns", "settled") == {**before, "attempt": "0"}
    assert bench.queue("normal") == ["a", "b"]
    seen = Job.fetch("a", connection=bench.redis, serializer=JSONSerializer)
    assert (seen.get_status(), seen.started_at, seen.worker_name) == ("queued", None, None)
    assert bench.complaints() == []


def test_a_later_claim_that_is_returned_gives_back_what_the_last_attempt_left(bench: Bench) -> None:
    first = _second_attempt(bench)
    before = _all_but(bench, first.id, "fence", "settled")

    (held,) = bench.claim(worker="w2")
    during = _all_but(bench, first.id)
    assert bench.settle(held, "returned") == 1

    assert (held.attempt, during["worker_name"], "progress" in during) == (2, "w2", False)
    assert _all_but(bench, first.id, "fence", "returns", "settled") == before
    assert before["progress"] == '{"done":1}'
    assert bench.complaints() == []


def test_the_next_claim_is_the_same_attempt(bench: Bench) -> None:
    bench.seed(new_job("a"))
    for _ in range(3):
        (held,) = bench.claim()
        bench.settle(held, "returned")

    (held,) = bench.claim()

    assert held.attempt == 1
    assert bench.field("a", "returns") == "3"


def test_an_attempt_that_was_held_to_its_end_leaves_nothing_aside(bench: Bench) -> None:
    first = _second_attempt(bench)
    (held,) = bench.claim()
    assert bench.field(first.id, "before") is not None

    bench.settle(held, "finished", result="MQ==")

    assert bench.field(first.id, "before") is None


def test_it_waits_since_when_it_waited_before(bench: Bench) -> None:
    bench.seed(new_job("a"))
    bench.redis.hset(bench.keys.job("a"), "enqueued_at", "2026-01-01T00:00:00.000000Z")
    (held,) = bench.claim()

    bench.settle(held, "returned")

    assert bench.field("a", "enqueued_at") == "2026-01-01T00:00:00.000000Z"


def test_its_event_takes_the_start_back_and_belongs_to_no_attempt(bench: Bench) -> None:
    bench.seed(new_job("a"))
    (held,) = bench.claim()

    bench.settle(held, "returned")

    event = bench.events("a")[-1]
    assert (event.kind, event.attempt, event.fence) == ("released", 0, "")
    assert (event.taken_back, event.worker) == (held.fence, "w1")


def test_one_that_was_asked_to_cancel_is_canceled_without_an_attempt(bench: Bench) -> None:
    bench.seed(new_job("a"))
    (held,) = bench.claim()
    bench.cancel("a")

    bench.settle(held, "returned")

    assert (bench.field("a", "status"), bench.field("a", "attempt")) == ("canceled", "0")
    event = bench.events("a")[-1]
    assert (event.kind, event.attempt, event.taken_back) == ("canceled", 0, held.fence)
    assert bench.complaints() == []


@pytest.mark.parametrize(("late", "answer"), [("returned", 2), ("finished", 0)])
def test_what_its_holder_says_afterwards_changes_nothing(
    bench: Bench, late: str, answer: int
) -> None:
    bench.seed(new_job("a"))
    (held,) = bench.claim()
    bench.settle(held, "returned")
    before = bench.snapshot()

    assert bench.settle(held, late) == answer

    assert bench.snapshot() == before


def test_it_gives_its_place_under_a_limit_to_the_next(bench: Bench) -> None:
    holder, parked = bench.parked_by_limit()

    bench.settle(holder, "returned")

    assert bench.queue("normal") == [holder.id, parked]
    assert bench.complaints() == []


def test_a_rescuer_that_knows_it_never_began_returns_it(bench: Bench) -> None:
    bench.seed(new_job("a"))
    (held,) = bench.claim()

    assert bench.rescue(held, "returned") == 1

    assert (bench.field("a", "status"), bench.field("a", "attempt")) == ("queued", "0")
    assert bench.complaints() == []
