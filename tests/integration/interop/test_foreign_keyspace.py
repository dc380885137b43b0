"""A Redis in which RQ works under our prefix is refused, unless somebody means it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from redis import Redis
from rq import Queue

from backend.api.config.settings import load_settings
from backend.bootstrap.platform import Platform
from backend.broker.keys import Keys
from backend.broker.server.connection import connect
from backend.broker.workers.worker_presence import RedisWorkerPresence
from backend.cli.checks.finding import Finding, Level
from backend.cli.checks.foreign import check_keyspace
from backend.domain.errors import ForeignKeyspace
from backend.embedded.servers import Servers
from tests.integration.interop.conftest import ROOT

HELLO = ("log_message", {"message": "hello"})


@pytest.fixture
def redis(servers: Servers) -> Iterator[Redis]:
    """An empty Redis that has not even our functions."""
    client = connect(servers.redis_url)
    client.flushall()
    client.function_flush()
    yield client
    client.flushall()
    client.close()


@pytest.fixture
def servers_url(servers: Servers) -> str:
    """Where that Redis is."""
    return servers.redis_url


@contextmanager
def _platform(url: str, **redis: Any) -> Iterator[Platform]:
    """A process of ours that knows nothing of what others found."""
    platform = Platform(load_settings(redis_url=url, redis=redis))
    yield platform
    platform.close()


def _rq_works_here(redis: Redis) -> None:
    Queue("high", connection=redis).enqueue(print, "hello")
    redis.hset("rq:worker:theirs", "birth", "2026-01-01T00:00:00.000000Z")
    redis.sadd("rq:workers", "rq:worker:theirs")


def _all_of(redis: Redis) -> dict[bytes, Any]:
    return {key: redis.dump(key) for key in redis.scan_iter()}


def _presence(redis: Redis) -> RedisWorkerPresence:
    return RedisWorkerPresence(
        redis, Keys("rq"), name="ours", lane="default", queues=["high"], slots=1, lifetime=60
    )


def _findings(platform: Platform) -> list[Finding]:
    return list(check_keyspace(platform))


def test_a_process_that_starts_is_told_what_to_set(redis: Redis, servers_url: str) -> None:
    _rq_works_here(redis)
    before = _all_of(redis)

    with _platform(servers_url) as platform, pytest.raises(ForeignKeyspace) as refused:
        platform.refuse_others()

    words = str(refused.value)
    assert "under the prefix 'rq' (queues: high; workers: 1)" in words
    assert "TALLY_REDIS__PREFIX=tally" in words
    assert "TALLY_REDIS__BESIDE_RQ=true" in words
    assert _all_of(redis) == before


def test_who_enqueues_first_is_refused_as_well(redis: Redis, servers_url: str) -> None:
    _rq_works_here(redis)
    before = sorted(redis.keys())

    with _platform(servers_url) as platform:
        with pytest.raises(ForeignKeyspace):
            platform.queue_service.enqueue_job(*HELLO)
        with pytest.raises(ForeignKeyspace):
            platform.queue_service.enqueue_many([{"job_type": HELLO[0], "payload": HELLO[1]}] * 250)

    assert sorted(redis.keys()) == before


def test_a_command_that_starts_a_process_ends_with_that_sentence(
    redis: Redis, servers_url: str
) -> None:
    _rq_works_here(redis)

    ended = subprocess.run(
        [sys.executable, "-m", "backend.cli.main", "scheduler"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "REDIS_URL": servers_url},
    )

    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith("tally: RQ works in this Redis under")
    assert ended.stderr.endswith("[foreign_keyspace]\n")


def test_under_another_prefix_nobody_is_in_the_way(redis: Redis, servers_url: str) -> None:
    _rq_works_here(redis)

    with _platform(servers_url, prefix="tally") as platform:
        platform.refuse_others()
        platform.queue_service.enqueue_job(*HELLO)


def test_who_means_it_says_so_in_the_settings(redis: Redis, servers_url: str) -> None:
    _rq_works_here(redis)

    with _platform(servers_url, beside_rq=True) as platform:
        platform.refuse_others()
        platform.queue_service.enqueue_job(*HELLO)
        assert _findings(platform) == []


def test_where_we_have_been_before_rq_may_follow(redis: Redis, servers_url: str) -> None:
    with _platform(servers_url) as platform:
        platform.queue_service.enqueue_job(*HELLO)
    _rq_works_here(redis)

    with _platform(servers_url) as platform:
        platform.refuse_others()
        platform.queue_service.enqueue_job(*HELLO)


def test_a_deployment_whose_redis_is_emptied_goes_on(redis: Redis, servers_url: str) -> None:
    with _platform(servers_url) as caller:
        caller.queue_service.enqueue_job(*HELLO)
        redis.flushall()
        # The first who is back there is a worker, as RQ keeps them.
        _presence(redis).register()

        with _platform(servers_url) as started_now:
            started_now.refuse_others()
            started_now.queue_service.enqueue_job(*HELLO)

        redis.flushall()
        _rq_works_here(redis)
        # It has looked once, and the keys that it knew to be its own are.
        caller.queue_service.enqueue_job(*HELLO)


def test_the_doctor_names_it_and_writes_nothing(redis: Redis, servers_url: str) -> None:
    _rq_works_here(redis)
    before = sorted(redis.keys())

    with _platform(servers_url) as platform:
        [finding] = _findings(platform)

    assert (finding.code, finding.level) == ("foreign_keyspace", Level.WRONG)
    assert "set TALLY_REDIS__PREFIX=tally" in finding.remedy
    assert sorted(redis.keys()) == before


def test_the_doctor_warns_of_rq_that_came_later(redis: Redis, servers_url: str) -> None:
    with _platform(servers_url) as platform:
        platform.queue_service.enqueue_job(*HELLO)
        assert _findings(platform) == []
        Queue("emails", connection=redis).enqueue(print, "hello")

        [finding] = _findings(platform)

    assert (finding.code, finding.level) == ("foreign_keyspace", Level.WARNING)
    assert "queues: emails; workers: 0" in finding.text
