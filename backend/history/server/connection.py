"""Connections to Postgres, and the one place where its errors become ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
from sqlalchemy import Engine, ExceptionContext, create_engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from backend.domain.errors import HistoryUnavailable, MigrationError
from backend.domain.store_answer import Meaning
from backend.history.server.forked_engines import leave_to_parent
from backend.history.server.session_settings import hold_to_settings
from backend.history.server.sqlstates import (
    CHECK_VIOLATION,
    is_about_schema,
    is_about_values,
    read_state,
)
from backend.history.server.watched_connection import watch

CONNECT_TIMEOUT = 2
#: Seconds a statement may take: for services that answer somebody, and for what runs behind.
ANSWERING, WORKING = 5.0, 30.0
_ATTACH = "attach the table of that time again, or rename it, and a new one is made"
#: Seconds to wait for a free connection of the pool.
_POOL_TIMEOUT = 2.0


class Unrecordable(ValueError):
    """Postgres refused the values of a row; sending them again will not help."""


def connect(
    url: str,
    *,
    name: str = "tally",
    statement_timeout: float = ANSWERING,
    connections: int = 5,
    schema: str = "",
) -> Engine:
    """A pool of connections; opens none yet. Times are seconds; ``schema`` is where our tables are.

    A process that is forked has none of those that are open: it opens its own.
    """
    engine = create_engine(
        url,
        pool_pre_ping=True,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=_POOL_TIMEOUT,
        pool_recycle=1800,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT,
            # Whatever the environment says: texts of jobs are of all scripts.
            "client_encoding": "utf8",
            "application_name": name,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
        },
    )
    watch(engine, statement_timeout)
    event.listen(engine, "handle_error", _leave_wrong_server)
    leave_to_parent(engine)
    return hold_to_settings(engine, statement_timeout=statement_timeout, schema=schema)


def _leave_wrong_server(context: ExceptionContext) -> None:
    """A server that takes no writes is not the primary any more: no connection to it is kept.

    The driver thinks nothing wrong with such a connection, and the pool would hand it out for ever.
    """
    cause = context.original_exception
    if isinstance(cause, psycopg2.Error) and read_state(cause.pgcode or "").is_wrong_server:
        context.is_disconnect = True


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
    has_no_partition = state == CHECK_VIOLATION and _is_without_constraint(cause)
    if is_about_values(state) and not has_no_partition:
        return Unrecordable(f"{state} {words}")
    if is_about_schema(state):
        return MigrationError(f"Postgres says: {words}; run `tally migrate`", sqlstate=state)
    answer = read_state(state)
    if answer.meaning is Meaning.MISTAKE or _is_our_call(cause, state):
        return error
    return HistoryUnavailable(
        f"Postgres cannot be used now: {words}; {_ATTACH if has_no_partition else answer.remedy}",
        sqlstate=state,
        is_known=answer.is_known,
    )


def _is_without_constraint(cause: psycopg2.Error) -> bool:
    """Whether no check of a table refused the row, but the table itself, which has no partition for it."""
    return bool(cause.diag.table_name) and not cause.diag.constraint_name


def _is_our_call(cause: psycopg2.Error, state: str) -> bool:
    """Whether the driver refused what we asked of it; the server never heard of it."""
    return not state and isinstance(cause, psycopg2.ProgrammingError)
