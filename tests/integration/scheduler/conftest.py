"""A migrated database and a clean Redis, with nothing scheduled yet."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis import Redis
from sqlalchemy import Engine

from backend.broker import library
from backend.broker.connection import connect as connect_redis
from backend.embedded.servers import Servers
from backend.history.connection import connect
from backend.history.migrator import Migrator
from tests.integration.history.databases import database, run
from tests.integration.scheduler.scheduler_house import SchedulerHouse


@pytest.fixture(scope="session")
def scheduler_database(servers: Servers) -> Iterator[str]:
    """The URL of a database that has every table."""
    with database(servers.database_url) as url:
        engine = connect(url)
        Migrator(engine).apply()
        engine.dispose()
        yield url


@pytest.fixture
def engine(scheduler_database: str) -> Iterator[Engine]:
    """Connections to that database, with no schedule in it."""
    engine = connect(scheduler_database, name="test")
    run(engine, "TRUNCATE schedules, schedule_ticks, jobs CASCADE")
    yield engine
    engine.dispose()


@pytest.fixture
def redis(servers: Servers) -> Iterator[Redis]:
    """An empty Redis."""
    client = connect_redis(servers.redis_url)
    client.flushall()
    library.load(client)
    yield client
    client.close()


@pytest.fixture
def house(redis: Redis, servers: Servers, engine: Engine) -> SchedulerHouse:
    """Schedules on real stores."""
    return SchedulerHouse(redis, servers.redis_url, engine)
