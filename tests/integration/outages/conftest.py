"""Servers that only these tests use, to be hurt, and a whole deployment on them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.embedded.servers import Servers, start_servers
from backend.history.schema.migrator import Migrator
from backend.history.server.connection import connect
from tests.conftest import CACHE
from tests.integration.outages.whole_deployment import WholeDeployment
from tests.patient_servers import PatientServers


@pytest.fixture(scope="module")
def own() -> Iterator[Servers]:
    """Both servers, with the schema."""
    state = Path(tempfile.mkdtemp(prefix="tally-outages-"))
    with PatientServers(start_servers(state, for_tests=True, template_cache=CACHE)) as servers:
        engine = connect(servers.database_url)
        Migrator(engine).apply()
        engine.dispose()
        yield servers
    shutil.rmtree(state, ignore_errors=True)


@pytest.fixture(scope="module")
def whole(own: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeDeployment]:
    """All processes, not yet started."""
    deployment = WholeDeployment(own, tmp_path_factory.mktemp("deployment"))
    yield deployment
    deployment.end()
