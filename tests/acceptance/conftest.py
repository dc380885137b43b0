"""A small deployment on servers of its own, which a test may kill."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.embedded.servers import Servers, start_servers
from backend.history.schema.migrator import Migrator
from backend.history.server.connection import connect
from tests.acceptance.night import Night
from tests.conftest import CACHE


@pytest.fixture(scope="module")
def own_servers() -> Iterator[Servers]:
    """Both servers, for this module alone."""
    state = Path(tempfile.mkdtemp(prefix="tally-night-"))
    started = start_servers(state, for_tests=True, template_cache=CACHE)
    engine = connect(started.database_url)
    Migrator(engine).apply()
    engine.dispose()
    yield started
    started.stop()
    shutil.rmtree(state, ignore_errors=True)


@pytest.fixture(scope="module")
def one_night(own_servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    """Scheduler, recorder and workers, and a shell beside them: they live through all that happens."""
    night = Night(own_servers, tmp_path_factory.mktemp("night"))
    night.start()
    yield night
    night.end()


@pytest.fixture
def night(one_night: Night) -> Night:
    """The same, for one more test."""
    one_night.cluster.forget()
    return one_night
