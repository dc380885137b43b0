"""The dashboard on real servers, without a browser."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket

from backend.dashboard.drawing import renderer
from backend.domain.access.role import Role
from backend.embedded.servers import Servers
from tests.e2e.stage import BOOTSTRAP, Stage
from tests.integration.dashboard.visitor import Visitor
from tests.integration.history.databases import migrated_database, run


class _CompiledOnce(BytecodeCache):
    """Each test has an application of its own, and compiling templates is most of what that costs."""

    def __init__(self) -> None:
        self._codes: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """From an earlier application."""
        if (code := self._codes.get(bucket.key)) is not None:
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """For later ones."""
        self._codes[bucket.key] = bucket.bytecode_to_string()


@pytest.fixture(scope="session", autouse=True)
def templates_compiled_once() -> Iterator[None]:
    """By whichever application draws them first."""
    with pytest.MonkeyPatch.context() as patch:
        environment = partial(Environment, bytecode_cache=_CompiledOnce())
        patch.setattr(renderer, "Environment", environment)
        yield


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
