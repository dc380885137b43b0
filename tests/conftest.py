"""The servers of a test session: a real Redis and a real Postgres, started once, ended with it.

Where ``TALLY_TEST_STATE`` names a folder, servers started there by scripts/test.sh are used.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.embedded.servers import Servers, start_servers

CACHE = Path(tempfile.gettempdir()) / f"tally-test-templates-{os.getuid()}"

# Tests start hundreds of processes. Where no bytecode may be written beside the sources, each would
# compile everything anew; in a folder of this checkout nobody else can put any.
if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
    bytecode = Path(__file__).parents[1] / ".pytest_cache" / "bytecode"
    os.environ.setdefault("PYTHONPYCACHEPREFIX", str(bytecode))


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Both servers of this session."""
    state = Path(tempfile.mkdtemp(prefix="tally-tests-"))
    started = start_servers(state, for_tests=True, template_cache=CACHE)
    yield started
    started.stop()
    shutil.rmtree(state, ignore_errors=True)
