"""A clean Redis with the library loaded, and the helpers that seed and read it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis import Redis

from backend.broker import library
from backend.broker.connection import connect
from backend.broker.keys import Keys
from backend.embedded.servers import Servers
from tests.integration.broker.bench import Bench


@pytest.fixture
def redis(servers: Servers) -> Iterator[Redis]:
    """An empty Redis."""
    client = connect(servers.redis_url)
    client.flushall()
    library.load(client)
    yield client
    client.close()


@pytest.fixture
def bench(redis: Redis) -> Iterator[Bench]:
    """Seeds jobs, calls steps, reads structures back; after each test, everything must add up."""
    bench = Bench(redis, Keys("rq"))
    yield bench
    if not bench.tampered:
        assert bench.complaints() == []
