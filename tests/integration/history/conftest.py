"""A migrated database, emptied for each test, and a clean Redis with the library loaded."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis import Redis
from sqlalchemy import Engine

from backend.embedded.servers import Servers
from backend.history.server.connection import connect
from tests.integration.history.chronicle import Chronicle
from tests.integration.history.databases import database, empty, migrated_database


@pytest.fixture(scope="session")
def migrated(servers: Servers) -> Iterator[str]:
    """The URL of a database that has every table."""
    with migrated_database(servers.database_url) as url:
        yield url


@pytest.fixture
def engine(migrated: str) -> Iterator[Engine]:
    """Connections to that database, with nothing recorded yet."""
    engine = connect(migrated, name="test", statement_timeout=30)
    empty(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def fresh(servers: Servers) -> Iterator[Engine]:
    """Connections to a database without any table."""
    with database(servers.database_url) as url:
        engine = connect(url)
        yield engine
        engine.dispose()


@pytest.fixture
def chronicle(redis: Redis, servers: Servers, engine: Engine) -> Chronicle:
    """Both stores, and recorders made to order."""
    return Chronicle(redis, servers.redis_url, engine)
