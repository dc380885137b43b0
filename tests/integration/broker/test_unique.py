"""Unique jobs on a real Redis: whoever is killed, whatever is deleted, one at a time and never none."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from redis import Redis

from backend.broker.jobs import codec
from backend.broker.jobs.job_queue import RedisJobQueue
from backend.domain.jobs.job import NewJob
from backend.domain.jobs.options.unique import UniqueScope
from tests.integration.broker.bench import Bench, new_job

KEY = "greet:7"
PRODUCERS = 50


def _same(job_id: str, until: str = "started", name: str = "Ada", **fields: Any) -> NewJob:
    scope = UniqueScope(KEY, until, fields.pop("on_conflict", "keep"))
    return new_job(job_id, payload=f'{{"name":"{name}"}}', scope=scope, **fields)


def _holder(bench: Bench) -> str | None:
    found: Any = bench.redis.get(bench.keys.scope(KEY))
    return found and found.decode()


def test_fifty_producers_at_once_make_one_job(bench: Bench) -> None:
    queue = RedisJobQueue(bench.redis, bench.redis, bench.keys)

    def produce(number: int) -> tuple[str, bool]:
        reply = queue.enqueue([_same(f"j{number}")])[0]
        return reply.id, reply.created

    with ThreadPoolExecutor(PRODUCERS) as pool:
        replies = list(pool.map(produce, range(PRODUCERS)))

    [made] = bench.queue()
    assert Counter(replies) == {(made, True): 1, (made, False): PRODUCERS - 1}


@pytest.mark.parametrize("until", ["started", "ended", "3600"])
def test_a_holder_that_a_foreign_hand_deleted_keeps_nobody_out(bench: Bench, until: str) -> None:
    """As bullmq #4756 and sidekiq-unique-jobs #379, #440, #861: there the key stayed, and no job ever
    ran again.
    """
    bench.seed(_same("a", until))
    bench.remove_hash("a")

    assert bench.enqueue(_same("b", until)) == [1]

    assert _holder(bench) == "b"


def test_a_holder_whose_queue_was_emptied_by_hand_is_answered_until_the_ledger_puts_it_back(
    bench: Bench,
) -> None:
    """It waits by its own word, and every accepted job ends: letting another one in would make two."""
    bench.seed(_same("a"))
    bench.tampered = True
    bench.redis.delete(bench.keys.queue("normal"))

    assert bench.enqueue(_same("b")) == [b"a"]


def test_a_holder_whose_worker_was_killed_keeps_the_others_out_until_it_has_ended(
    bench: Bench,
) -> None:
    """As solid_queue #804: there a semaphore outlived, or did not outlive, the one who held it."""
    job = bench.started(scope=UniqueScope(KEY, "ended"))
    seen = bench.let_lease_end(job.id)
    assert bench.rescue(job, "crashed", lease=seen, only_expired=True) == 1
    assert bench.enqueue(_same("b", "ended")) == [job.id.encode()]

    [again] = bench.claim()
    assert bench.settle(again, "finished") == 1

    assert bench.enqueue(_same("c", "ended")) == [1]


def test_a_job_that_the_last_release_ended_keeps_nobody_out(bench: Bench) -> None:
    """Its steps know no keys: what they leave is judged by the job that it names."""
    job = bench.started(scope=UniqueScope(KEY, "ended"))
    bench.settle(job, "finished")
    bench.redis.set(bench.keys.scope(KEY), job.id)

    assert bench.enqueue(_same("b", "ended")) == [1]


def test_a_key_that_names_a_job_without_it_is_free(bench: Bench) -> None:
    bench.seed(new_job("a"))
    bench.redis.set(bench.keys.scope(KEY), "a")

    assert bench.enqueue(_same("b")) == [1]


@pytest.mark.parametrize("how", ["finished", "failed", "canceled", "retried", "snoozed"])
def test_until_started_nothing_is_left_of_a_key_once_the_first_attempt_is_over(
    bench: Bench, how: str
) -> None:
    job = bench.started(scope=UniqueScope(KEY, "started"))

    bench.settle(job, how, delay=1000)

    assert _holder(bench) is None


@pytest.mark.parametrize("how", ["finished", "failed", "canceled"])
def test_until_ended_nothing_is_left_of_a_key_once_the_job_has_ended(
    bench: Bench, how: str
) -> None:
    job = bench.started(scope=UniqueScope(KEY, "ended"))

    bench.settle(job, how)

    assert _holder(bench) is None


def test_a_key_for_a_time_goes_by_itself_and_its_job_is_kept_as_long(bench: Bench) -> None:
    job = bench.started(scope=UniqueScope(KEY, "3600"), result_ttl=0)

    bench.settle(job, "finished")

    assert 3_000_000 < bench.redis.pttl(bench.keys.scope(KEY)) <= 3_600_000
    assert 3_000 <= bench.redis.ttl(bench.keys.job(job.id)) <= 3_601


def test_a_job_is_kept_as_long_as_the_longer_of_its_keys(bench: Bench) -> None:
    keyed = {"unique_key": "call-1", "unique_window": 7200.0}
    job = bench.started(scope=UniqueScope(KEY, "60"), result_ttl=0, **keyed)

    bench.settle(job, "finished")

    assert 7_000 <= bench.redis.ttl(bench.keys.job(job.id)) <= 7_201


def test_nothing_is_left_of_a_key_for_a_time_whose_job_was_withdrawn(bench: Bench) -> None:
    bench.seed(_same("a", "3600"))

    bench.cancel("a")

    assert _holder(bench) is None


def test_an_idempotency_key_without_a_digest_stands_for_the_holder_too(bench: Bench) -> None:
    bench.seed(_same("a"))

    assert bench.enqueue(_same("b", unique_key="call-2", unique_window=600.0)) == [b"a"]

    assert bench.enqueue(new_job("c", unique_key="call-2", unique_window=600.0)) == [b"a"]


@pytest.mark.parametrize("until", ["ended", "30"])
def test_the_holder_stays_as_long_as_a_key_that_stands_for_it(bench: Bench, until: str) -> None:
    bench.seed(_same("a", until, result_ttl=0))
    assert bench.enqueue(_same("b", until, unique_key="call-2", unique_window=600.0)) == [b"a"]
    assert bench.enqueue(_same("c", until, unique_key="call-3", unique_window=60.0)) == [b"a"]

    bench.settle(bench.claim()[0], "finished")

    assert 590 <= bench.redis.ttl(bench.keys.job("a")) <= 601
    assert bench.enqueue(new_job("d", unique_key="call-2", unique_window=600.0)) == [b"a"]


@pytest.mark.parametrize("state", ["finished", "failed"])
def test_so_does_one_that_had_ended_before_it_was_asked_for(bench: Bench, state: str) -> None:
    bench.seed(_same("a", "3600", result_ttl=0))
    bench.settle(bench.claim()[0], state)

    assert bench.enqueue(_same("b", "3600", unique_key="call-2", unique_window=7200.0)) == [b"a"]

    left = bench.redis.ttl(bench.keys.job("a"))
    assert left == -1 if state == "failed" else 7190 <= left <= 7201
    assert bench.field("a", "unique_until") is not None


def test_a_storm_of_debounced_calls_runs_once_when_its_longest_wait_is_over(bench: Bench) -> None:
    """As laravel #61548 and agenda #1736: 200 calls, the last of them long after the longest wait."""
    scope = UniqueScope(KEY, "started", "debounce", 60.0)
    bench.enqueue(new_job("a", scope=scope, delay=10.0))
    first = float(bench.redis.zscore(bench.keys.schedule, "a") or 0)
    for number in range(200):
        job = new_job(f"b{number}", payload=f'{{"n":{number}}}', scope=scope, delay=10.0)
        assert bench.enqueue(job) == [[b"a", b"replaced", b""]]
        # Half a second goes by: what is due, and the latest that it may be, come nearer.
        bench.redis.zincrby(bench.keys.schedule, -0.5, "a")
        bench.redis.hincrby(bench.keys.job("a"), "debounce_by", -500)

    due = float(bench.redis.zscore(bench.keys.schedule, "a") or 0)
    assert due <= first + 51 - 100
    assert bench.promote()[0] == 1
    [claimed] = bench.claim()
    assert (claimed.id, b'{"n":199}' in claimed.data) == ("a", True)
    assert len(bench.events("a")) == 203


def test_a_payload_that_comes_while_the_job_starts_is_in_it_or_in_a_successor(
    bench: Bench,
) -> None:
    """Never in both, and never in none, as bullmq #3902: each job runs with the newest of its own."""
    queue = RedisJobQueue(bench.redis, bench.redis, bench.keys)
    ran: dict[str, str] = {}

    def produce_and_work(number: int) -> None:
        queue.enqueue([_same(f"j{number}", name=f"n{number}", on_conflict="replace")])
        if number % 3 == 0:
            work()

    def work() -> None:
        for claimed in bench.claim():
            ran[claimed.id] = codec.payload_of(claimed.data)["name"]
            bench.settle(claimed, "finished")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(produce_and_work, range(90)))
    while bench.queue():
        work()

    told = bench.events()
    payloads = {"enqueued", "replaced"}
    names = [json.loads(event.data)["name"] for event in told if event.kind in payloads]
    assert sorted(names) == sorted(f"n{number}" for number in range(90))
    for job_id, name in ran.items():
        kinds = [event for event in told if event.job_id == job_id]
        begun = next(at for at, event in enumerate(kinds) if event.kind == "started")
        assert json.loads(kinds[begun - 1].data)["name"] == name
        assert "replaced" not in [event.kind for event in kinds[begun:]]


def test_what_unique_costs_is_two_commands_more_and_one_at_its_end(
    bench: Bench, redis: Redis
) -> None:
    plain = _commands(redis, lambda: bench.seed(new_job("a")))
    unique = _commands(redis, lambda: bench.seed(_same("b")))
    assert unique - plain == Counter({"get": 1, "set": 1})

    first, second = bench.claim(2)
    plain = _commands(redis, lambda: bench.settle(first, "finished"))
    unique = _commands(redis, lambda: bench.settle(second, "finished"))
    assert unique - plain == Counter({"get": 1, "del": 1})


def _commands(redis: Redis, do: Any) -> Counter[str]:
    redis.config_resetstat()
    do()
    stats: Any = redis.info("commandstats")
    calls = {name.removeprefix("cmdstat_"): each["calls"] for name, each in stats.items()}
    for ours in ("info", "config|resetstat"):
        calls.pop(ours, None)
    return Counter(calls)


def test_a_key_is_given_back_by_its_holder_alone(bench: Bench) -> None:
    """As sidekiq-unique-jobs #812 and #580: there the first one's end let a third one in."""
    first = bench.started(scope=UniqueScope(KEY, "started"))
    bench.seed(_same("next"))

    bench.settle(first, "finished")

    assert _holder(bench) == "next"
    assert bench.enqueue(_same("third")) == [b"next"]


def test_a_payload_reaches_no_job_that_has_been_tried(bench: Bench) -> None:
    job = bench.started(scope=UniqueScope(KEY, "ended"))
    bench.settle(job, "retried", delay=60_000)

    assert bench.enqueue(_same("b", on_conflict="replace", name="Bob")) == [job.id.encode()]

    assert b"Bob" not in bench.redis.hget(bench.keys.job(job.id), "data")


def test_a_dead_job_is_not_sent_home_beside_its_twin(bench: Bench) -> None:
    dead = bench.dead(scope=UniqueScope(KEY, "ended"))
    bench.seed(_same("twin", "ended"))

    assert bench.redrive(dead) == [2]

    assert bench.field(dead, "status") == "failed"
    assert bench.redis.zscore(bench.keys.dead, dead) is not None
