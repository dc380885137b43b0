"""The ``discard`` step: dead jobs that nobody will run again."""

from __future__ import annotations

import pytest
from rq.job import Job
from rq.serializers import JSONSerializer

from tests.integration.broker.bench import Bench, new_job


def test_a_discarded_job_is_gone_and_stays_counted_as_failed(bench: Bench) -> None:
    dead = bench.dead()

    assert bench.discard(dead) == [1]

    assert not bench.redis.exists(bench.keys.job(dead), bench.keys.results(dead))
    assert bench.members(bench.keys.dead) == []
    assert bench.registry("failed", "dlq") == {}
    assert bench.count("failed") == 1
    event = bench.events(dead)[-1]
    assert (event.kind, event.body, event.worker) == ("discarded", "no use", "ada")


@pytest.mark.parametrize("ttl", [700, 3600])
def test_a_resolved_job_counts_as_finished_and_is_readable_as_long_as_it_says(
    bench: Bench, ttl: int
) -> None:
    dead = bench.dead(result_ttl=ttl)

    assert bench.discard(dead, how="resolved") == [1]

    assert Job.fetch(dead, bench.redis, serializer=JSONSerializer).is_finished
    assert (bench.count("failed"), bench.count("finished")) == (0, 1)
    assert bench.registry("finished").keys() == {dead}
    assert ttl - 10 < bench.redis.ttl(bench.keys.job(dead)) <= ttl
    assert ttl - 10 < bench.redis.ttl(bench.keys.results(dead)) <= ttl
    assert bench.kinds(dead)[-1] == "resolved"


def test_a_resolved_job_whose_result_nobody_wants_is_gone_after_a_minute(bench: Bench) -> None:
    dead = bench.dead(result_ttl=0)

    assert bench.discard(dead, how="resolved") == [1]

    assert 0 < bench.redis.ttl(bench.keys.job(dead)) <= 10
    assert not bench.redis.exists(bench.keys.results(dead))
    assert (bench.count("failed"), bench.count("finished")) == (0, 1)
    assert bench.kinds(dead)[-1] == "resolved"


def test_discarding_twice_is_discarding_once(bench: Bench) -> None:
    dead = bench.dead()

    assert bench.discard(dead, dead) == [1, 0]
    assert bench.discard(dead, how="resolved") == [0]

    assert bench.kinds(dead).count("discarded") == 1


def test_only_dead_jobs_can_be_discarded(bench: Bench) -> None:
    ids = [bench.finished(), bench.scheduled(), bench.canceled(), bench.started().id, "nobody"]
    ids += bench.seed(new_job())
    before = bench.snapshot()

    assert bench.discard(*ids) == [0] * 6
    assert bench.discard(*ids, how="resolved") == [0] * 6

    assert bench.snapshot() == before


def test_a_dead_entry_without_a_job_is_dropped_with_an_event(bench: Bench) -> None:
    dead = bench.dead()
    bench.remove_hash(dead)

    assert bench.discard(dead) == [0]

    assert bench.members(bench.keys.dead) == []
    assert bench.kinds(dead)[-1] == "dropped"


def test_a_discarded_id_may_be_used_again(bench: Bench) -> None:
    dead = bench.dead(job_id="a")
    bench.discard(dead)

    assert bench.enqueue(new_job("a")) == [1]


def test_discarding_works_while_memory_is_full(bench: Bench) -> None:
    dead = bench.dead()
    bench.redis.config_set("maxmemory", 1)
    try:
        assert bench.discard(dead) == [1]
    finally:
        bench.redis.config_set("maxmemory", 0)
