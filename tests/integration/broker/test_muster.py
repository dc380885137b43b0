"""The ``muster`` step: a limit counts the jobs that ran before it was set."""

from __future__ import annotations

import pytest

from backend.broker.jobs.operations import RedisOperations
from tests.integration.broker.bench import Bench, new_job


def _holders(bench: Bench, gate: str = "type:greet") -> set[str]:
    return {member.decode() for member in bench.redis.smembers(bench.keys.holders(gate))}


def _running(bench: Bench, jobs: int) -> list[str]:
    for at in range(0, jobs, 100):
        bench.seed(*[new_job() for _ in range(min(100, jobs - at))])
    return [job.id for _ in range(0, jobs, 100) for job in bench.claim(100)]


def test_jobs_that_run_when_a_limit_is_set_hold_its_slots(bench: Bench) -> None:
    first, second = bench.started(), bench.started()
    waiting = bench.seed(new_job())

    bench.functions.call("limit", "", "", "greet", 1)

    assert _holders(bench) == {first.id, second.id}
    assert bench.claim() == []
    bench.settle(first, "finished")
    assert bench.claim() == []
    bench.settle(second, "finished")
    assert [job.id for job in bench.claim()] == waiting
    assert _holders(bench) == set(waiting)


def test_jobs_of_other_types_hold_nothing(bench: Bench) -> None:
    bench.started(job_type="other")

    bench.functions.call("limit", "", "", "greet", 1)

    assert (_holders(bench), _holders(bench, "type:other")) == (set(), set())


def test_a_job_that_holds_another_slot_too_gives_both_back(bench: Bench) -> None:
    both = bench.started(limit_key="k", limit=1)

    bench.functions.call("limit", "", "", "greet", 1)

    assert (_holders(bench), _holders(bench, "key:k")) == ({both.id}, {both.id})
    bench.settle(both, "finished")
    assert (_holders(bench), _holders(bench, "key:k")) == (set(), set())


def test_being_counted_twice_is_being_counted_once(bench: Bench) -> None:
    bench.started()
    bench.functions.call("limit", "", "", "greet", 1)
    before = bench.snapshot()

    assert bench.functions.call("muster", "0", 10, "greet") == b"0"
    bench.functions.call("limit", "", "", "greet", 1)

    assert bench.snapshot() == before


def test_jobs_that_started_while_the_limit_was_lifted_are_counted_when_it_is_back(
    bench: Bench,
) -> None:
    bench.functions.call("limit", "", "", "greet", 1)
    old = bench.started()
    bench.functions.call("limit", "", "", "greet", 0)
    new = bench.started()

    bench.functions.call("limit", "", "", "greet", 1)

    assert _holders(bench) == {old.id, new.id}


def test_a_removed_limit_counts_nobody(bench: Bench) -> None:
    bench.started()

    bench.functions.call("limit", "", "", "greet", 0)

    assert _holders(bench) == set()


def test_a_lease_whose_job_does_not_run_any_more_holds_nothing(bench: Bench) -> None:
    done = bench.finished()
    bench.tampered = True
    bench.redis.zadd(bench.keys.leases, {done: 1, "ghost": 1})

    bench.functions.call("limit", "", "", "greet", 1)

    assert _holders(bench) == set()


def test_a_rescued_job_gives_back_the_slot_it_was_counted_for(bench: Bench) -> None:
    job = bench.started()
    bench.functions.call("limit", "", "", "greet", 1)

    bench.rescue(job, "released")

    assert _holders(bench) == set()
    assert [claimed.id for claimed in bench.claim()] == [job.id]


@pytest.mark.parametrize("jobs", [400, 1300])
def test_however_many_run_all_of_them_are_counted_in_the_end(bench: Bench, jobs: int) -> None:
    ids = _running(bench, jobs)

    RedisOperations(bench.redis, bench.keys).limit("greet", 2)

    assert _holders(bench) == set(ids)
    bench.seed(new_job())
    assert bench.claim() == []


def test_one_step_looks_at_a_bounded_number_of_leases(bench: Bench) -> None:
    _running(bench, 1300)

    _, go_on = bench.functions.call("limit", "", "", "greet", 2)

    assert go_on != b"0"
    assert 300 < len(_holders(bench)) < 800


def test_counting_works_while_memory_is_full(bench: Bench) -> None:
    bench.started()
    bench.redis.config_set("maxmemory", 1)
    try:
        bench.functions.call("limit", "", "", "greet", 1)
    finally:
        bench.redis.config_set("maxmemory", 0)

    assert len(_holders(bench)) == 1
