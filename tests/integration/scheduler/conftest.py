"""A migrated database and a clean Redis, with nothing scheduled yet."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis import Redis
from sqlalchemy import Engine

from backend.bootstrap import current  # noqa: F401 - else first read while a test holds the clock
from backend.embedded.servers import Servers
from backend.history.server.connection import connect
from tests.integration.history.databases import migrated_database, run
from tests.integration.scheduler.scheduler_house import SchedulerHouse


@pytest.fixture(scope="session")
def scheduler_database(servers: Servers) -> Iterator[str]:
    """The URL of a database that has every table."""
    with migrated_database(servers.database_url) as url:
        yield url


@pytest.fixture
def engine(scheduler_database: str) -> Iterator[Engine]:
    """Connections to that database, with no schedule in it."""
    engine = connect(scheduler_database, name="test")
    run(engine, "TRUNCATE schedules, schedule_ticks, jobs, duty_leases CASCADE")
    yield engine
    engine.dispose()


@pytest.fixture
def house(redis: Redis, servers: Servers, engine: Engine) -> SchedulerHouse:
    """Schedules on real stores."""
    return SchedulerHouse(redis, servers.redis_url, engine)
