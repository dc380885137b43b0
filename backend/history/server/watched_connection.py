"""A connection to Postgres that waits for its server for a bounded time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
from psycopg2 import extensions
from sqlalchemy import Connection, Engine, event

from backend.history.server.silence import SILENCE

#: For the way there and back, beyond what a statement may take.
_WAY_SECONDS = 5.0
#: In the pool it is asked whether it lives, and nothing else; who wants it has a statement to wait for yet.
_IN_POOL_SECONDS = 2.0


class WatchedConnection(extensions.connection):
    """Its calls end with an `OperationalError` when the server says nothing for ``patience_seconds``."""

    #: None: as long as it takes.
    patience_seconds: float | None = None
    was_silent = False

    @contextmanager
    def patience(self) -> Iterator[None]:
        """For one call to the server."""
        seconds = self.patience_seconds
        if seconds is None:
            yield
            return
        try:
            with SILENCE.waiting(self, seconds):
                yield
        except psycopg2.Error as error:
            if self.was_silent:
                raise psycopg2.OperationalError(f"it said nothing for {seconds:g} s") from error
            raise

    def commit(self) -> None:
        """As the driver's."""
        with self.patience():
            super().commit()

    def rollback(self) -> None:
        """As the driver's."""
        with self.patience():
            super().rollback()


class _WatchedCursor(extensions.cursor):
    connection: WatchedConnection

    def execute(self, query: Any, vars: Any = None) -> None:  # noqa: A002 - the driver's name
        with self.connection.patience():
            super().execute(query, vars)

    def copy_expert(self, *arguments: Any, **more: Any) -> None:
        with self.connection.patience():
            super().copy_expert(*arguments, **more)

    def fetchmany(self, size: int | None = None) -> Any:
        size = self.arraysize if size is None else size
        # Only a cursor of the server's asks it for rows; those of others are here already.
        if self.name is None:
            return super().fetchmany(size)
        with self.connection.patience():
            return super().fetchmany(size)


def watch(engine: Engine, statement_seconds: float) -> None:
    """Its connections wait for a statement as long as Postgres lets it run, and a little more."""

    @event.listens_for(engine, "do_connect")
    def make(_: object, __: object, ___: object, more: dict[str, Any]) -> None:
        more["connection_factory"] = WatchedConnection
        more["cursor_factory"] = _WatchedCursor

    @event.listens_for(engine, "connect")
    def begin(connection: WatchedConnection, _: object) -> None:
        connection.patience_seconds = statement_seconds + _WAY_SECONDS

    @event.listens_for(engine, "checkout")
    def hand_out(connection: WatchedConnection, _: object, __: object) -> None:
        connection.patience_seconds = statement_seconds + _WAY_SECONDS

    @event.listens_for(engine, "checkin")
    def take_back(connection: WatchedConnection | None, _: object) -> None:
        if connection is not None:
            connection.patience_seconds = _IN_POOL_SECONDS


def wait_for_long(connection: Connection) -> None:
    """Until it is back in its pool: what takes as long as it takes, as the server was told as well."""
    driver = connection.connection.dbapi_connection
    if isinstance(driver, WatchedConnection):
        driver.patience_seconds = None
