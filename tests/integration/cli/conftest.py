"""A clean Redis and a migrated database behind the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backend.api.config.settings import default_settings
from backend.bootstrap.current import platform_of_settings
from backend.broker.server.connection import connect
from backend.cli.input import parts
from backend.embedded.servers import Servers
from backend.history.schema.migrator import Migrator
from backend.history.server.connection import connect as connect_history
from tests.integration.cli.scripts import Scripts
from tests.integration.cli.shell import Shell
from tests.integration.history.databases import database, forget_controls
from tests.integration.runtime.cluster import Cluster


@pytest.fixture(scope="session")
def record_url(servers: Servers) -> Iterator[str]:
    """A database of its own with every table."""
    with database(servers.database_url) as url:
        engine = connect_history(url)
        Migrator(engine).apply()
        engine.dispose()
        yield url


@pytest.fixture
def environment(
    servers: Servers, record_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[pytest.MonkeyPatch]:
    """The variables of a shell, with an empty Redis behind them."""
    client = connect(servers.redis_url)
    client.flushall()
    client.close()
    forget_controls(record_url)
    (tmp_path / "config.yaml").write_text("{}\n")
    monkeypatch.setenv("REDIS_URL", servers.redis_url)
    monkeypatch.setenv("JOB_QUEUE_DATABASE_URL", record_url)
    monkeypatch.setenv("TALLY_CONFIG", str(tmp_path / "config.yaml"))
    monkeypatch.setenv("TALLY_JOB_PACKAGES", "tests.jobs,examples")
    monkeypatch.setenv("TALLY_STATE_DIR", str(tmp_path / "state"))
    _forget()
    yield monkeypatch
    _forget()


def _forget() -> None:
    """Lets the next command read its settings and open its connections anew."""
    if platform_of_settings.cache_info().currsize:
        platform_of_settings().close()
    for cached in (default_settings, platform_of_settings, *_caches()):
        cached.cache_clear()


def _caches() -> list[Callable[..., object]]:
    return [found for found in vars(parts).values() if hasattr(found, "cache_clear")]


@pytest.fixture
def shell(environment: pytest.MonkeyPatch) -> Shell:
    """The command line."""
    shell = Shell()
    platform_of_settings().load_library()
    return shell


@pytest.fixture
def cluster(shell: Shell, servers: Servers, record_url: str, tmp_path: Path) -> Iterator[Cluster]:
    """Worker processes on the same stores; nobody is taken for dead because the machine is busy."""
    cluster = Cluster(
        servers.redis_url,
        tmp_path,
        JOB_QUEUE_DATABASE_URL=record_url,
        TALLY_WORKER__HEARTBEAT="0.5",
        TALLY_WORKER__LEASE="60",
        TALLY_SCHEDULER__RESCUE_GRACE="1",
        TALLY_METRICS__WORKER_PORT="0",
    )
    yield cluster
    cluster.end()


@pytest.fixture
def scripts(tmp_path: Path, environment: pytest.MonkeyPatch) -> Scripts:
    """The scripts, with a `tally` that is this checkout's."""
    folder = tmp_path / "bin"
    folder.mkdir()
    return Scripts(folder)


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the scripts keep pid files and logs."""
    monkeypatch.setenv("TALLY_METRICS__WORKER_PORT", "0")
    return tmp_path / "state"


@pytest.fixture
def stopping(scripts: Scripts) -> Iterator[None]:
    """Workers that a test left in the background are stopped."""
    yield
    scripts.run("workers/stop-workers.sh", "--now")
