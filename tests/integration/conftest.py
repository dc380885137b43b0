"""What the tests of many parts stand on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis import Redis

from backend.broker.server import library
from backend.broker.server.connection import connect
from backend.embedded.servers import Servers


@pytest.fixture
def redis(servers: Servers) -> Iterator[Redis]:
    """An empty Redis."""
    client = connect(servers.redis_url)
    client.flushall()
    library.load(client)
    yield client
    client.close()
