"""During a deploy: what the last release put aside, in one list a gate, is found by this one's steps.

What this one puts aside the last one finds too, for it takes a job's ``parked`` and the lists that the
usher knows as they are.
"""

from __future__ import annotations

import pytest

from tests.integration.broker.bench import Bench, new_job


def _parked_as_before(bench: Bench, *queues: str) -> list[str]:
    """Jobs behind the only slot of their type, as the last release left them; a holder keeps it."""
    bench.functions.call("limit", "", "", "greet", 1)
    ids = bench.seed(*[new_job(queue=queue) for queue in queues])
    for job_id, queue in zip(ids, queues, strict=True):
        bench.redis.lrem(bench.keys.queue(queue), 1, job_id)
        bench.redis.rpush(bench.keys.parked("type:greet"), job_id)
        bench.redis.hset(bench.keys.job(job_id), "parked", "type:greet")
        bench.redis.hincrby(bench.keys.counts(queue), "parked", 1)
    bench.redis.zadd(bench.keys.gates, {"type:greet": 0})
    bench.tampered = True
    return ids


def test_they_are_let_through_each_into_its_own_queue(bench: Bench) -> None:
    holder = bench.started(queue="normal")
    ids = _parked_as_before(bench, "low", "high")

    bench.settle(holder, "finished")
    [first] = bench.claim()
    bench.settle(first, "finished")
    [second] = bench.claim()

    assert [(held.id, held.queue) for held in (first, second)] == [
        (ids[0], "low"),
        (ids[1], "high"),
    ]
    assert (bench.count("parked", "low"), bench.count("parked", "high")) == (0, 0)


def test_a_high_one_of_this_release_goes_before_them(bench: Bench) -> None:
    holder = bench.started()
    [before] = _parked_as_before(bench, "low")
    [urgent] = bench.seed(new_job(queue="high"))
    assert bench.claim() == []

    assert bench.parked("type:greet") == [urgent, before]
    bench.settle(holder, "finished")
    assert [held.id for held in bench.claim()] == [urgent]


def test_the_usher_finds_them(bench: Bench) -> None:
    ids = _parked_as_before(bench, "high")

    assert bench.functions.call("usher", 100, 200) == 1

    assert bench.queue("high") == ids


@pytest.mark.parametrize("how", ["cancel", "evict", "reprioritise"])
def test_they_are_withdrawn_and_moved_where_they_wait(bench: Bench, how: str) -> None:
    bench.started()
    [job_id] = _parked_as_before(bench, "high")

    if how == "cancel":
        assert bench.cancel(job_id) == [1]
    elif how == "evict":
        words = ("high", "ada", "why", "type:greet", 0, 10)
        assert bench.functions.codes("evict", *words) == [1, 0]
    else:
        assert bench.reprioritise(job_id, "low") == 1
        assert bench.parked("type:greet") == bench.line("l:type:greet") == [job_id]
        return

    assert bench.parked("type:greet") == []
    assert bench.field(job_id, "status") == "canceled"


def test_what_this_release_puts_aside_is_called_as_its_list_is(bench: Bench) -> None:
    bench.started(queue="high")
    bench.functions.call("limit", "", "", "greet", 1)
    ids = bench.seed(*[new_job(queue=queue) for queue in ("high", "normal", "low")])
    bench.claim(5)

    lines = [bench.field(job_id, "parked") for job_id in ids]

    assert lines == ["h:type:greet", "type:greet", "l:type:greet"]
    assert sorted(bench.members(bench.keys.gates)) == sorted(map(str, lines))
    assert [bench.line(str(line)) for line in lines] == [[job_id] for job_id in ids]
