"""What blocks in Redis: promoters on the timetable, worker processes on wake calls and commands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from redis import Redis

from backend.broker.jobs.wake_calls import RedisWakeCalls
from backend.broker.keys import Keys
from backend.broker.schedules.timetable import RedisTimetable
from backend.broker.server.connection import connect_blocking
from backend.broker.workers.command_channel import RedisCommandChannel
from backend.domain.errors import QueueUnavailable
from backend.embedded.servers import Servers
from tests.eventually import eventually
from tests.integration.broker.bench import Bench, new_job

NOWHERE = "unix:///nonexistent/redis.sock"


@pytest.fixture
def blocking(servers: Servers) -> Iterator[Redis]:
    client = connect_blocking(servers.redis_url)
    yield client
    client.close()


def _calls(bench: Bench, blocking: Redis, *lanes: str) -> RedisWakeCalls:
    return RedisWakeCalls(bench.redis, blocking, bench.keys, lanes, worker="w1")


def _blocked(bench: Bench) -> bool:
    return bench.redis.info("clients")["blocked_clients"] == 1


def test_a_timetable_promotes_and_tells_when_the_next_is_due(bench: Bench, blocking: Redis) -> None:
    timetable = RedisTimetable(bench.redis, blocking, bench.keys)
    bench.make_due(bench.scheduled())
    bench.scheduled(delay=100)

    moved, next_due, lateness = timetable.promote(10, 0)

    assert moved == 1
    assert 95 < (next_due or 0) <= 100
    assert lateness > 1000
    assert timetable.promote(10, 0).moved == 0


def test_an_empty_timetable_has_no_next(bench: Bench, blocking: Redis) -> None:
    assert RedisTimetable(bench.redis, blocking, bench.keys).promote(10, 0) == (0, None, 0)


def test_an_earlier_job_ends_the_wait_of_who_promotes(bench: Bench, blocking: Redis) -> None:
    timetable = RedisTimetable(bench.redis, blocking, bench.keys)
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(timetable.wait_for_change, 20)
        eventually(lambda: _blocked(bench), 5)

        bench.scheduled(delay=10)

        assert waiting.result(5) is None


def test_an_idle_worker_is_woken_by_a_job_of_its_lanes(bench: Bench, blocking: Redis) -> None:
    calls = _calls(bench, blocking, "email", "default")
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(calls.wait, 20)
        eventually(lambda: _blocked(bench), 5)
        bench.seed(new_job(queue="low:export"))
        assert not waiting.done()

        bench.seed(new_job(queue="low:email"))

        assert waiting.result(5) is True


@pytest.mark.parametrize("kind", ["released", "crashed"])
def test_an_idle_worker_is_woken_by_a_job_that_was_given_back(
    bench: Bench, blocking: Redis, kind: str
) -> None:
    job = bench.started()
    bench.claim()

    bench.settle(job, kind)

    assert _calls(bench, blocking, "default").wait(1) is True


def test_a_worker_may_wake_itself(bench: Bench, blocking: Redis) -> None:
    calls = _calls(bench, blocking, "default")

    calls.call_own()

    assert calls.wait(1) is True
    assert calls.wait(0.01) is False


def test_a_call_that_nobody_hears_is_forgotten(bench: Bench, blocking: Redis) -> None:
    _calls(bench, blocking, "default").call_own()

    assert 0 < bench.redis.ttl(bench.keys.wake("worker:w1")) <= 60


def test_nobody_is_woken_when_nothing_comes(bench: Bench, blocking: Redis) -> None:
    assert _calls(bench, blocking, "default").wait(0.01) is False


def test_commands_reach_a_worker_and_nonsense_becomes_one_that_nobody_knows(
    bench: Bench, blocking: Redis
) -> None:
    channel = RedisCommandChannel(blocking, bench.keys, "w1").listen()
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(lambda: next(c for c in channel if c is not None))
        said = b"no JSON"
        eventually(lambda: bench.redis.publish(bench.keys.commands("w1"), said), 5)
        first = waiting.result(5)
        bench.redis.publish(bench.keys.commands("w1"), json.dumps(["a list"]))
        bench.redis.publish(bench.keys.commands("w1"), json.dumps({"command": "shutdown"}))

        others = [next(c for c in channel if c is not None) for _ in range(2)]

    channel.close()
    assert [first["command"], others[0]["command"]] == ["b'no JSON'", "['a list']"]
    assert others[1] == {"command": "shutdown"}


def test_without_redis_whoever_blocks_hears_it_in_our_words() -> None:
    away = connect_blocking(NOWHERE)
    timetable = RedisTimetable(away, away, Keys())
    with pytest.raises(QueueUnavailable):
        timetable.wait_for_change(1)
    with pytest.raises(QueueUnavailable):
        RedisWakeCalls(away, away, Keys(), ["default"], worker="w1").wait(1)
    with pytest.raises(QueueUnavailable):
        next(RedisCommandChannel(away, Keys(), "w1").listen())
