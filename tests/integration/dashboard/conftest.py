"""The dashboard on real servers, without a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.domain.access.role import Role
from backend.embedded.servers import Servers
from tests.e2e.stage import BOOTSTRAP, Stage
from tests.integration.dashboard.visitor import Visitor
from tests.integration.history.databases import migrated_database, run


@pytest.fixture(scope="session")
def dashboard_database(servers: Servers) -> Iterator[str]:
    """The URL of a database that has every table."""
    with migrated_database(servers.database_url) as url:
        yield url


@pytest.fixture
def stage(servers: Servers, dashboard_database: str, tmp_path: Path) -> Iterator[Stage]:
    """The platform; nothing goes on by itself."""
    with Stage(servers.redis_url, dashboard_database, tmp_path, prefix="pages") as stage:
        stage.platform.redis.flushall()
        stage.platform.load_library()
        run(stage.platform.history_engine, "DELETE FROM api_keys")
        run(stage.platform.history_engine, "DELETE FROM controls")
        # One that another test made would be overdue here, by a little more at each look.
        run(stage.platform.history_engine, "DELETE FROM schedule_ticks")
        run(stage.platform.history_engine, "DELETE FROM schedules")
        yield stage


@pytest.fixture
def admin(stage: Stage) -> Visitor:
    """Somebody with every right."""
    return Visitor(stage.app).signed_in(BOOTSTRAP)


@pytest.fixture
def stranger(stage: Stage) -> Visitor:
    """Somebody who has not signed in."""
    return Visitor(stage.app)


@pytest.fixture
def visitors(stage: Stage) -> dict[Role, Visitor]:
    """One of each role."""
    return {role: Visitor(stage.app).signed_in(stage.token(role)) for role in Role}
