"""Who else keeps jobs under the prefix."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.broker.bench import Bench, new_job


def _found(bench: Bench, *, looks_anyway: bool = False) -> Any:
    return bench.functions.call("found", "1" if looks_anyway else "")


def _another(bench: Bench, *, queue: str = "", worker: str = "", version: str = "") -> None:
    bench.tampered = True
    if queue:
        bench.redis.sadd(bench.keys.queues, bench.keys.queue(queue))
    if worker:
        bench.redis.sadd(bench.keys.workers, bench.keys.worker(worker))
        bench.redis.hset(bench.keys.worker(worker), "birth", "2026-01-01T00:00:00.000000Z")
    if version:
        bench.redis.hset(bench.keys.worker(worker), "tally_version", version)


def test_an_empty_redis_has_nobody(bench: Bench) -> None:
    assert _found(bench) is None


def test_queues_and_workers_of_others_are_found(bench: Bench) -> None:
    _another(bench, queue="high", worker="theirs")
    _another(bench, queue="emails")

    workers, *queues = _found(bench)

    assert (workers, sorted(queues)) == (1, [b"emails", b"high"])


def test_a_queue_alone_is_enough_and_so_is_a_worker(bench: Bench) -> None:
    _another(bench, worker="theirs")
    assert _found(bench) == [1]

    bench.redis.delete(bench.keys.workers)
    _another(bench, queue="emails")
    assert _found(bench) == [0, b"emails"]


def test_a_worker_of_which_only_the_name_is_left_is_nobody(bench: Bench) -> None:
    _another(bench, worker="gone")
    bench.redis.delete(bench.keys.worker("gone"))

    assert _found(bench) is None


@pytest.mark.parametrize(
    "kept", ["events", "stream", "types", "controls_version", "leader:scheduler", "dead"]
)
def test_where_we_left_anything_we_are_at_home(bench: Bench, kept: str) -> None:
    _another(bench, queue="emails")
    bench.redis.set(f"rq:tally:{kept}", "1")

    assert _found(bench) is None


def test_one_worker_of_ours_makes_it_our_home(bench: Bench) -> None:
    _another(bench, queue="emails", worker="theirs")
    _another(bench, worker="ours", version="0.1.0")

    assert _found(bench) is None


def test_counts_of_a_queue_make_it_our_home(bench: Bench) -> None:
    bench.enqueue(new_job("a"))
    bench.redis.delete(bench.keys.events, bench.keys.stream)
    _another(bench, queue="emails")

    assert _found(bench) is None


def test_who_asks_anyway_is_told_of_others_beside_us(bench: Bench) -> None:
    bench.enqueue(new_job("a"))
    _another(bench, worker="ours", version="0.1.0")
    # Jobs were moved there, none was accepted there; the last is the list of dead jobs.
    _another(bench, queue="low:export")
    _another(bench, queue="dlq")
    assert _found(bench, looks_anyway=True) is None

    _another(bench, queue="emails", worker="theirs")

    assert _found(bench, looks_anyway=True) == [1, b"emails"]


def test_what_is_no_set_is_no_list_of_others(bench: Bench) -> None:
    bench.tampered = True
    bench.redis.set(bench.keys.queues, "1")
    bench.redis.set(bench.keys.workers, "1")

    assert _found(bench) is None
