"""What metrics tell of the server that holds the jobs."""

from __future__ import annotations

import pytest

from backend.broker.server.server_facts import RedisFacts
from tests.integration.broker.bench import Bench


@pytest.mark.parametrize(
    ("policy", "evicts"),
    [("noeviction", False), ("allkeys-lru", True), ("volatile-ttl", True)],
)
def test_a_redis_that_throws_jobs_away_is_told(bench: Bench, policy: str, evicts: bool) -> None:
    bench.redis.config_set("maxmemory-policy", policy)
    try:
        assert RedisFacts(bench.redis, bench.keys).read().evicts is evicts
    finally:
        bench.redis.config_set("maxmemory-policy", "noeviction")
