"""The real servers of a test run."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from backend.embedded.environment import servers_from_environment_or_start
from backend.embedded.servers import Servers
from backend.history.schema.migrator import Migrator
from backend.history.server.connection import connect
from backend.locks.fork_locks import cached_property


class ServersInTest:
    """Started when they are first asked for; those whose URL the environment has are used as they are."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: list[Servers] = []

    @cached_property
    def redis_url(self) -> str:
        """Where Redis is."""
        return self._start("redis", postgres=False).redis_url

    @cached_property
    def database_url(self) -> str:
        """Where Postgres is. The schema of one that this run started is up to date."""
        servers = self._start("postgres", redis=False)
        if servers.embedded():
            _migrate(servers.database_url)
        return servers.database_url

    def _start(self, name: str, *, redis: bool = True, postgres: bool = True) -> Servers:
        servers = servers_from_environment_or_start(
            self._folder / name,
            for_tests=True,
            redis=redis,
            postgres=postgres,
            template_cache=Path(tempfile.gettempdir()) / f"tally-test-templates-{os.getuid()}",
        )
        self._started.append(servers)
        return servers

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for servers in self._started:
            servers.stop()


def _migrate(url: str) -> None:
    engine = connect(url)
    try:
        Migrator(engine).apply()
    finally:
        engine.dispose()
