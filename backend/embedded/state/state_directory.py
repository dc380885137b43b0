"""The folder that holds the data, the logs and the marker of our servers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from backend.embedded.errors import EmbeddedServerError
from backend.embedded.postgres_server import PostgresOptions, PostgresServer
from backend.embedded.redis_server import RedisOptions, RedisServer
from backend.embedded.server import START_SECONDS, EmbeddedServer
from backend.embedded.state.file_lock import FileLock
from backend.embedded.state.marker import Marker, ServerRecord, read_marker, write_marker


class StateDirectory:
    """``redis/``, ``postgres/``, ``log/`` and ``servers.json`` under one root."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self._marker_file = self.root / "servers.json"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other starts and stops in this directory waiting for a block."""
        try:
            for folder in ("redis", "postgres", "log"):
                (self.root / folder).mkdir(parents=True, exist_ok=True)
            # What jobs say may stand in a log, as in the data beside it.
            for folder in ("redis", "log"):
                (self.root / folder).chmod(0o700)
        except OSError as error:
            raise EmbeddedServerError(
                f"the state directory {self.root} cannot be written ({error}); name another"
            ) from error
        with FileLock(self.root / "start.lock").held(wait_seconds=2 * START_SECONDS):
            yield

    def marker(self) -> Marker | None:
        """What was started here last; None if nothing ever was."""
        return read_marker(self._marker_file)

    def set_socket_dir(self, socket_dir: Path) -> None:
        """Record where the sockets are, before a server is started on them."""
        marker = self.marker()
        servers = {} if marker is None else marker.servers
        write_marker(self._marker_file, Marker(socket_dir, servers))

    def record(self, server: EmbeddedServer, record: ServerRecord | None = None) -> None:
        """Record a server; without ``record``, that its process is another one now or none."""
        marker = self.marker() or Marker(server.socket_dir)
        known = record or marker.servers.get(server.name)
        if known is None:
            return
        servers = {**marker.servers, server.name: replace(known, pid=server.pid())}
        write_marker(self._marker_file, Marker(marker.socket_dir, servers))

    def redis(self, socket_dir: Path, options: RedisOptions | None = None) -> RedisServer:
        """The Redis of this directory, which may run or not."""
        log = self.root / "log" / "redis.log"
        return RedisServer(self.root / "redis", socket_dir=socket_dir, log=log, options=options)

    def postgres(self, socket_dir: Path, options: PostgresOptions | None = None) -> PostgresServer:
        """The Postgres of this directory, which may run or not."""
        log = self.root / "log" / "postgres.log"
        return PostgresServer(
            self.root / "postgres", socket_dir=socket_dir, log=log, options=options
        )

    def servers(self) -> tuple[EmbeddedServer, EmbeddedServer]:
        """Both servers as they were left, to ask about or to stop."""
        marker = self.marker()
        socket_dir = self.root if marker is None else marker.socket_dir
        return self.redis(socket_dir), self.postgres(socket_dir)
