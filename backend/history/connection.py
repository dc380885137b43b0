"""Connections to Postgres, and the one place where its errors become ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from backend.domain.errors import HistoryUnavailable, MigrationError

CONNECT_TIMEOUT = 2
#: Seconds a statement may take: for services that answer somebody, and for what runs behind.
ANSWERING, WORKING = 5.0, 30.0
#: Seconds to wait for a lock, and for a free connection of the pool.
_LOCK_TIMEOUT, _POOL_TIMEOUT = 2.0, 2.0

#: Classes of SQLSTATE that tell of the server or the way to it, not of what we sent: connection,
#: authorisation, no such database, read-only, rolled back, resources, state, shutdown, system.
_SERVER_TROUBLE = frozenset({"08", "25", "28", "3D", "40", "53", "55", "57", "58", "F0", "XX"})
#: No such table, column, function or schema.
_SCHEMA_TROUBLE = frozenset({"42P01", "42703", "42883", "3F000"})
#: Classes that tell of the values in a row.
_VALUE_TROUBLE = frozenset({"21", "22", "23", "54"})
_NO_RIGHTS = "42501"


class Unrecordable(ValueError):
    """Postgres refused the values of a row; sending them again will not help."""


def connect(
    url: str, *, name: str = "tally", statement_timeout: float = ANSWERING, connections: int = 5
) -> Engine:
    """A pool of connections; opens none yet. Times are seconds."""
    engine = create_engine(
        url,
        pool_pre_ping=True,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=_POOL_TIMEOUT,
        pool_recycle=1800,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT,
            "application_name": name,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
        },
    )
    # Set by a statement: a pooler in between would refuse them as parameters of the start.
    limits = (
        f"SET statement_timeout = {int(statement_timeout * 1000)};"
        f"SET lock_timeout = {int(_LOCK_TIMEOUT * 1000)};"
        "SET idle_in_transaction_session_timeout = 60000;"
        # Compiling a statement of ours takes longer than running it.
        "SET jit = off;"
        # The planner's own figure is for turning disks; by it, reading a whole table in order seems
        # cheaper than a look through an index that would find nothing.
        "SET random_page_cost = 1.1;"
        "SET timezone = 'UTC'"
    )

    @event.listens_for(engine, "connect")
    def set_limits(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(limits)
        connection.commit()

    return engine


@contextmanager
def translated() -> Iterator[None]:
    """Turns SQLAlchemy's and psycopg2's errors into ours."""
    try:
        yield
    except (SQLAlchemyError, psycopg2.Error) as error:
        raise translate(error) from error


def translate(error: SQLAlchemyError | psycopg2.Error) -> Exception:
    """Our error for one of the database's; a mistake of our own stays what it is."""
    if isinstance(error, PoolExhausted):
        return HistoryUnavailable(f"every connection to Postgres is in use: {error}", sqlstate="")
    cause = error.orig if isinstance(error, DBAPIError) else error
    if not isinstance(cause, psycopg2.Error):
        return error
    state = cause.pgcode or ""
    words = str(cause).strip().partition("\n")[0]
    if state[:2] in _VALUE_TROUBLE:
        return Unrecordable(f"{state} {words}")
    if state in _SCHEMA_TROUBLE:
        return MigrationError(f"Postgres says: {words}; run `tally migrate`", sqlstate=state)
    if state[:2] in _SERVER_TROUBLE or state == _NO_RIGHTS or _is_lost(cause, state):
        return HistoryUnavailable(
            f"Postgres cannot be used now: {words}; check DATABASE_URL and the server",
            sqlstate=state,
        )
    return error


def _is_lost(cause: psycopg2.Error, state: str) -> bool:
    """Without a state the server did not speak: the connection is gone or never was."""
    return not state and not isinstance(cause, psycopg2.ProgrammingError)
