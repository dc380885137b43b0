"""`tally migrate --tune-redis` changes a server that is ours alone, and no other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis import Redis

from backend.bootstrap.current import platform
from backend.broker.server.connection import connect
from backend.broker.server.tuning import LISTPACK, ServerShared, tune_listpack
from backend.embedded.servers import Servers
from tests.integration.cli.shell import Shell


@pytest.fixture
def redis(shell: Shell, servers: Servers) -> Iterator[Redis]:
    """The Redis behind the shell, with the limit that every server begins with."""
    client = connect(servers.redis_url)
    before = _limit(client)
    client.config_set(LISTPACK, 64)
    yield client
    client.config_set(LISTPACK, before)
    client.flushall()
    client.close()


def _limit(client: Redis) -> int:
    return int(client.config_get(LISTPACK)[LISTPACK])


def _encoding(client: Redis, shell: Shell) -> str:
    job_id = shell.json("jobs", "enqueue", "greet", f'{{"name": "{"A" * 100}"}}')["job_id"]
    return str(client.object("ENCODING", platform().keys.job(job_id)).decode())


def test_jobs_are_kept_in_their_compact_form_from_then_on(shell: Shell, redis: Redis) -> None:
    assert _encoding(redis, shell) == "hashtable"

    told = shell.run("migrate", "--tune-redis").text

    assert "1024, it was 64" in told
    assert "redis.conf" in told
    assert _encoding(redis, shell) == "listpack"


def test_a_server_that_is_tuned_already_is_left_as_it_is(shell: Shell, redis: Redis) -> None:
    redis.config_set(LISTPACK, 4096)
    redis.set("somebody's", "key")

    assert "nothing to do" in shell.run("migrate", "--tune-redis").text
    assert _limit(redis) == 4096


def test_a_server_with_a_key_of_others_is_not_touched(shell: Shell, redis: Redis) -> None:
    redis.set("somebody's", "key")

    with pytest.raises(ServerShared, match="somebody's"):
        tune_listpack(redis, platform().keys.root)
    shell.run("migrate", "--tune-redis", status=1)

    assert _limit(redis) == 64


def test_a_server_with_keys_in_another_database_is_not_touched(
    shell: Shell, redis: Redis, servers: Servers
) -> None:
    other = Redis.from_url(servers.redis_url.replace("db=0", "db=3"))
    other.set("a", "b")
    try:
        with pytest.raises(ServerShared, match="database 3"):
            tune_listpack(redis, platform().keys.root)
    finally:
        other.flushdb()
        other.close()
    assert _limit(redis) == 64
