"""Both servers of a state directory as one thing to start, use, crash and stop."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from backend.embedded.errors import EmbeddedServerError
from backend.embedded.postgres_server import PostgresOptions, PostgresServer
from backend.embedded.redis_server import RedisOptions, RedisServer
from backend.embedded.server import EmbeddedServer
from backend.embedded.state.marker import ServerRecord
from backend.embedded.state.socket_folder import socket_folder
from backend.embedded.state.state_directory import StateDirectory
from backend.embedded.stopping import stop_all
from backend.embedded.store_url import without_password

_FOR_TESTS_REDIS = RedisOptions(append_fsync="no")


class Servers:
    """What ``start_servers`` started or found; ends what is ours when its ``with`` block ends."""

    def __init__(
        self,
        state: StateDirectory,
        *,
        redis: RedisServer | str | None,
        postgres: PostgresServer | str | None,
    ) -> None:
        self._state = state
        self._redis = redis
        self._postgres = postgres

    @property
    def redis_url(self) -> str:
        """For redis-py: ``unix:///tmp/…/redis.sock?db=0``, or the one of the environment."""
        return _url(self._redis, "Redis")

    @property
    def database_url(self) -> str:
        """For SQLAlchemy: ``postgresql+psycopg2://tally@/tally?host=/tmp/…``, or as given."""
        return _url(self._postgres, "Postgres")

    def beside(self, *, redis_url: str | None, database_url: str | None) -> Self:
        """The same servers, and those of others at the URLs given."""
        self._redis = redis_url or self._redis
        self._postgres = database_url or self._postgres
        return self

    def stop(self) -> None:
        """Stop what this start began or took over; servers of another owner stay."""
        ours = [server for server in self.embedded() if server.is_ours]
        running = [server for server in ours if server.is_running()]
        if running:
            with self._state.alone():
                stop_all(self._state, running)
        for server in ours:
            server.let_go()

    def kill_redis(self) -> None:
        """End Redis as ``kill -9`` does."""
        _embedded(self._redis, "Redis").kill()

    def restart_redis(self) -> None:
        """Start Redis again on the same data and URL; stop it first if it runs."""
        self._restart(_embedded(self._redis, "Redis"))

    def kill_postgres(self) -> None:
        """End Postgres as ``kill -9`` does."""
        _embedded(self._postgres, "Postgres").kill()

    def stop_postgres(self) -> None:
        """Stop Postgres in order, cutting its clients off."""
        _embedded(self._postgres, "Postgres").stop()

    def start_postgres(self) -> None:
        """Start Postgres again on the same data and URL; stop it first if it runs."""
        self._restart(_embedded(self._postgres, "Postgres"))

    def embedded(self) -> list[EmbeddedServer]:
        """The servers of this machine's own, not those of the environment."""
        return [s for s in (self._redis, self._postgres) if isinstance(s, EmbeddedServer)]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _restart(self, server: EmbeddedServer) -> None:
        with self._state.alone():
            server.stop()
            server.start()
            self._state.record(server)


def start_servers(
    state_dir: Path,
    *,
    die_with_parent: bool = True,
    for_tests: bool = False,
    redis: bool = True,
    postgres: bool = True,
    template_cache: Path | None = None,
) -> Servers:
    """Start the servers of a state directory, or use those that run there already.

    ``for_tests`` gives up safety against power cuts, not against ``kill -9``, for speed. New
    Postgres data is copied from a template in ``template_cache``, made there if missing.
    """
    state = StateDirectory(state_dir)
    if not (redis or postgres):
        return Servers(state, redis=None, postgres=None)
    with state.alone():
        sockets = _sockets(state)
        redis_options = _FOR_TESTS_REDIS if for_tests else RedisOptions()
        options = PostgresOptions(durable=not for_tests, template_cache=template_cache)
        servers = Servers(
            state,
            redis=state.redis(sockets, redis_options) if redis else None,
            postgres=state.postgres(sockets, options) if postgres else None,
        )
        _start_each(state, servers.embedded(), die_with_parent=die_with_parent)
    return servers


def _sockets(state: StateDirectory) -> Path:
    marker = state.marker()
    recorded = None if marker is None else marker.socket_dir
    running = [server for server in state.servers() if server.is_running()]
    if running and recorded is None:
        raise EmbeddedServerError(
            f"{running[0].name} runs on {running[0].folder} but servers.json is gone: "
            f"end it with: kill {running[0].pid()}"
        )
    sockets = recorded if running and recorded else socket_folder(recorded)
    state.set_socket_dir(sockets)
    return sockets


def _start_each(
    state: StateDirectory, servers: list[EmbeddedServer], *, die_with_parent: bool
) -> None:
    started: list[EmbeddedServer] = []
    try:
        for server in servers:
            server.die_with_parent = die_with_parent
            if not _adopted(state, server):
                started.append(server)
                _start(state, server)
    except BaseException:
        stop_all(state, started)
        raise


def _adopted(state: StateDirectory, server: EmbeddedServer) -> bool:
    if not server.is_running():
        return False
    marker = state.marker()
    record = None if marker is None else marker.servers.get(server.name)
    adopted = server.adopt(left_in_background=record is not None and record.background)
    if adopted and record is not None:
        background = record.background or not server.die_with_parent
        state.record(server, replace(record, background=background))
    return adopted


def _start(state: StateDirectory, server: EmbeddedServer) -> None:
    binary = server.start()
    state.record(
        server,
        ServerRecord(binary.flavour, binary.version, None, background=not server.die_with_parent),
    )


def _embedded(server: EmbeddedServer | str | None, name: str) -> EmbeddedServer:
    if isinstance(server, EmbeddedServer):
        return server
    where = f"is at {without_password(server)}" if server else "was not asked for"
    raise EmbeddedServerError(f"{name} {where}: it is not ours to start or stop")


def _url(server: EmbeddedServer | str | None, name: str) -> str:
    if server is None:
        raise EmbeddedServerError(f"{name} was not asked for: it has no URL")
    return server if isinstance(server, str) else server.url
