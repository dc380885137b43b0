"""The name leads to another server; the old one stays up, as a replica that refuses every write."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.api.config.settings import load_settings
from backend.bootstrap.platform import Platform
from backend.broker.ledger.event_floor import RedisEventFloor
from backend.broker.server.connection import blocked, translated
from backend.broker.server.kept_connections import kept_connections
from backend.broker.workers.command_channel import RedisCommandChannel
from backend.domain.errors import QueueUnavailable
from backend.domain.ledger.shard_epoch import EpochReason, ShardEpoch, new_epoch_reason
from tests.integration.outages.redis_process import RedisProcess
from tests.integration.outages.relay import Relay

_SETTINGS = {"job_packages": "tests.jobs,examples"}


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[RedisProcess, RedisProcess]]:
    """A primary and its replica."""
    first, second = RedisProcess(tmp_path / "a"), RedisProcess(tmp_path / "b")
    second.follow(first)
    yield first, second
    first.end()
    second.end()


@pytest.fixture
def name(pair: tuple[RedisProcess, RedisProcess]) -> Iterator[Relay]:
    relay = Relay(pair[0].port)
    yield relay
    relay.close()


@pytest.fixture
def platform(name: Relay) -> Iterator[Platform]:
    url = f"redis://127.0.0.1:{name.port}/0"
    platform = Platform(load_settings(redis_url=url, **_SETTINGS))
    yield platform
    platform.close()


def _enqueue(platform: Platform) -> str:
    return platform.queue_service.enqueue_job("greet", {"name": "Ada"})


def _fail_over(pair: tuple[RedisProcess, RedisProcess], name: Relay) -> None:
    first, second = pair
    second.lead()
    first.follow(second)
    name.target = second.port


def _push_in_a_pipeline(platform: Platform) -> None:
    pipe = platform.redis.pipeline(transaction=False)
    pipe.rpush("rq:a", 1)
    pipe.execute()


def test_the_first_call_after_it_finds_the_new_primary(
    pair: tuple[RedisProcess, RedisProcess], name: Relay, platform: Platform
) -> None:
    before = _enqueue(platform)
    # It is copied before the other one leads, however busy the machine is.
    assert pair[0].admin.wait(1, 60_000) == 1
    _fail_over(pair, name)

    after = _enqueue(platform)

    assert pair[1].admin.exists(platform.keys.job(before), platform.keys.job(after)) == 2


def test_the_first_call_after_it_brings_the_functions_that_were_not_copied(
    pair: tuple[RedisProcess, RedisProcess], name: Relay, platform: Platform
) -> None:
    """As where it became the primary before it had them; then the old one has them no more either."""
    _enqueue(platform)
    pair[1].lead()
    pair[1].admin.function_flush("SYNC")
    _fail_over(pair, name)

    after = _enqueue(platform)

    assert pair[1].admin.exists(platform.keys.job(after)) == 1


def test_one_refusal_frees_the_siblings_and_the_other_pools_from_the_old_one(
    pair: tuple[RedisProcess, RedisProcess], name: Relay, platform: Platform
) -> None:
    """Those who only read are told nothing by a replica: they would read what is old, for ever."""
    reader = platform.home.connector.client("tally-reader")
    assert reader.info("server")["tcp_port"] == pair[0].port
    connections = [platform.redis.connection_pool.get_connection() for _ in range(5)]
    for connection in connections:
        platform.redis.connection_pool.release(connection)
    _enqueue(platform)
    keeping = kept_connections(platform.redis.connection_pool)
    for kept in [keeping.take() for _ in range(5)]:
        keeping.give_back(kept)
    _fail_over(pair, name)

    _enqueue(platform)

    assert reader.info("server")["tcp_port"] == pair[1].port
    assert {platform.redis.info("server")["tcp_port"] for _ in range(6)} == {pair[1].port}
    before = pair[0].admin.info("commandstats")["cmdstat_fcall"]
    for _ in range(6):
        keeping.take()
        _enqueue(platform)
    assert pair[0].admin.info("commandstats")["cmdstat_fcall"] == before


def test_a_pipeline_is_refused_once_and_the_next_one_is_not(
    pair: tuple[RedisProcess, RedisProcess], name: Relay, platform: Platform
) -> None:
    platform.redis.ping()
    _fail_over(pair, name)

    with pytest.raises(QueueUnavailable, match="READONLY"), translated():
        _push_in_a_pipeline(platform)
    with translated():
        _push_in_a_pipeline(platform)

    assert pair[1].admin.llen("rq:a") == 1


def test_who_blocks_is_sent_away_and_comes_back_to_the_new_primary(
    pair: tuple[RedisProcess, RedisProcess], name: Relay, platform: Platform
) -> None:
    client = platform.blocking_redis
    with translated():
        blocked(client, 0.05, "BLPOP", "rq:a", 0.05)
    _fail_over(pair, name)

    with pytest.raises(QueueUnavailable, match="READONLY"), translated():
        blocked(client, 5, "BLPOP", "rq:a", 5)
    pair[1].admin.rpush("rq:a", "here")

    with translated():
        assert blocked(client, 5, "BLPOP", "rq:a", 5) == [b"rq:a", b"here"]


def test_who_only_listens_goes_over_with_the_others(
    pair: tuple[RedisProcess, RedisProcess], name: Relay, platform: Platform
) -> None:
    """A replica says nothing to subscribers, so that a worker heard no command after a fail-over."""
    channel = RedisCommandChannel(platform.blocking_redis, platform.keys, "w1")
    heard = channel.listen()
    assert next(heard) is None
    _enqueue(platform)
    _fail_over(pair, name)
    _enqueue(platform)
    assert next(heard) is None

    pair[1].admin.publish(platform.keys.commands("w1"), json.dumps({"command": "shutdown"}))

    assert next(each for each in heard if each) == {"command": "shutdown"}
    assert pair[0].admin.pubsub_numsub(platform.keys.commands("w1"))[0][1] == 0


def test_a_fail_over_is_told_from_a_restart(
    pair: tuple[RedisProcess, RedisProcess], name: Relay, platform: Platform
) -> None:
    floor = RedisEventFloor(platform.redis, platform.keys)
    _enqueue(platform)
    before = floor.look()
    noted = ShardEpoch(
        1, before.replication_id, before.run_id, EpochReason.FIRST, 0, before.last_version
    )
    assert new_epoch_reason(noted, floor.look()) is None

    _fail_over(pair, name)
    _enqueue(platform)

    assert new_epoch_reason(noted, floor.look()) is EpochReason.FAIL_OVER


def test_while_the_name_leads_to_a_replica_the_caller_is_told_and_nothing_is_written(
    pair: tuple[RedisProcess, RedisProcess], name: Relay, platform: Platform
) -> None:
    _enqueue(platform)
    name.target = pair[1].port
    platform.redis.connection_pool.disconnect()

    with pytest.raises(QueueUnavailable) as refusal:
        _enqueue(platform)

    assert str(refusal.value) == (
        "Redis cannot be used now: READONLY You can't write against a read only replica.; REDIS_URL "
        "must lead to the primary; its name is looked up again; nothing was written"
    )
    assert refusal.value.details["may_be_accepted"] is False
