"""A clean Redis with the library loaded, and the helpers that seed and read it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis import Redis

from backend.broker.keys import Keys
from tests.integration.broker.bench import Bench


@pytest.fixture
def bench(redis: Redis) -> Iterator[Bench]:
    """Seeds jobs, calls steps, reads structures back; after each test, everything must add up."""
    bench = Bench(redis, Keys("rq"))
    yield bench
    if not bench.tampered:
        assert bench.complaints() == []
