"""The ``prune`` step: what has outlived its time leaves Redis."""

from __future__ import annotations

from tests.integration.broker.bench import Bench


def _prune(bench: Bench, *queues: str, most: int = 0, age: int = 0, batch: int = 100) -> list[int]:
    return bench.functions.codes("prune", most, age, batch, *queues)


def _age(bench: Bench, *dead: str) -> None:
    """Moves the clock for dead jobs: they died long ago, in this order."""
    for at, job_id in enumerate(dead):
        bench.redis.zadd(bench.keys.dead, {job_id: 1000 + at}, xx=True)


def test_registry_entries_go_when_their_jobs_have_gone(bench: Bench) -> None:
    finished, canceled = bench.finished(), bench.canceled()
    kept = bench.finished()
    bench.redis.zadd(bench.keys.registry("finished", "normal"), {finished: 1000})
    bench.redis.zadd(bench.keys.registry("canceled", "normal"), {canceled: 1000})
    bench.redis.delete(bench.keys.job(finished), bench.keys.results(finished))
    bench.redis.delete(bench.keys.job(canceled))

    assert _prune(bench, "normal") == [2, 0]

    assert bench.registry("finished").keys() == {kept}
    assert bench.registry("canceled") == {}
    assert (bench.count("finished"), bench.count("canceled")) == (2, 1)


def test_pruning_twice_is_pruning_once(bench: Bench) -> None:
    dead = [bench.dead() for _ in range(3)]
    _prune(bench, "normal", most=2)
    before = bench.snapshot()

    assert _prune(bench, "normal", most=2) == [0, 0]

    assert bench.snapshot() == before
    assert bench.members(bench.keys.dead) == dead[1:]


def test_without_limits_no_dead_job_is_dropped(bench: Bench) -> None:
    dead = bench.dead()
    _age(bench, dead)

    assert _prune(bench, "normal") == [0, 0]

    assert bench.field(dead, "status") == "failed"


def test_dead_jobs_over_the_limit_go_the_oldest_first_with_an_event(bench: Bench) -> None:
    dead = [bench.dead() for _ in range(5)]
    _age(bench, *dead)

    assert _prune(bench, "normal", most=2) == [0, 3]

    assert bench.members(bench.keys.dead) == dead[3:]
    event = bench.events(dead[0])[-1]
    assert (event.kind, event.worker) == ("discarded", "tally")
    assert bench.count("failed") == 5


def test_dead_jobs_older_than_the_age_go(bench: Bench) -> None:
    old, new = bench.dead(), bench.dead()
    _age(bench, old)

    assert _prune(bench, "normal", age=60_000) == [0, 1]

    assert bench.members(bench.keys.dead) == [new]
    assert not bench.redis.exists(bench.keys.job(old), bench.keys.results(old))


def test_one_call_drops_no_more_than_asked(bench: Bench) -> None:
    _age(bench, *[bench.dead() for _ in range(5)])

    assert _prune(bench, most=1, batch=2) == [0, 2]
    assert _prune(bench, age=1, batch=2) == [0, 2]

    assert len(bench.members(bench.keys.dead)) == 1


def test_what_waits_runs_or_is_kept_is_never_pruned(bench: Bench) -> None:
    bench.finished()
    bench.canceled()
    bench.started()
    bench.scheduled()
    before = bench.snapshot()

    assert _prune(bench, "normal", "high", most=1, age=1) == [0, 0]

    assert bench.snapshot() == before


def test_pruning_works_while_memory_is_full(bench: Bench) -> None:
    bench.dead()
    bench.dead()
    bench.redis.config_set("maxmemory", 1)
    try:
        assert _prune(bench, most=1) == [0, 1]
    finally:
        bench.redis.config_set("maxmemory", 0)
