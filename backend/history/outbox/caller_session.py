"""Statements in a transaction that a caller began: SQLAlchemy's or psycopg2's, or else one of our own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from psycopg2 import extensions as psycopg2
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import Session, scoped_session

from backend.domain.errors import HistoryUnavailable, InvalidOption, MigrationError
from backend.history.server.connection import translated
from backend.history.server.session_settings import schema_of
from backend.history.statements import psycopg2_text, statement

#: Classes of what a server says whose connections end, and the state of a statement whose end it lost.
_CUT_OFF, _UNKNOWN = ("08", "57"), "40003"

#: Runs a statement by name and returns its rows.
Execute = Callable[[str, Mapping[str, Any]], list[tuple[Any, ...]]]


@contextmanager
def in_session(session: Any, engine: Engine) -> Iterator[Execute]:
    """A way to run statements in ``session``; without one, in a transaction that commits at the end.

    Of that one a `HistoryUnavailable` says in ``details["may_be_done"]`` whether it may be committed all
    the same: the answer to its commit did not come.
    """
    schema = schema_of(engine)
    with translated():
        if session is None:
            with _own_transaction(engine) as connection:
                yield _on_sqlalchemy(connection, schema)
            return
        try:
            yield _in_transaction_of(session, schema)
        except MigrationError as error:
            raise MigrationError(
                f"{error}. A job goes with a session only if both are in one database: is the "
                "session's database the one of DATABASE_URL?"
            ) from error


@contextmanager
def _own_transaction(engine: Engine) -> Iterator[Connection]:
    commits = False
    try:
        with translated(), engine.begin() as connection:
            yield connection
            commits = True
    except HistoryUnavailable as error:
        error.details["may_be_done"] = commits and _leaves_open(error.details.get("sqlstate", ""))
        raise


def _leaves_open(state: str) -> bool:
    """Whether a transaction may be committed whose commit ended so; what refuses it is certain."""
    return not state or state[:2] in _CUT_OFF or state == _UNKNOWN


def _in_transaction_of(session: Any, schema: str) -> Execute:
    if isinstance(session, Session | scoped_session):
        return _on_sqlalchemy(_of_postgres(session.connection()), schema)
    if isinstance(session, Connection):
        return _on_sqlalchemy(_of_postgres(session), schema)
    if isinstance(session, psycopg2.connection):
        return _on_psycopg2(session, schema)
    if isinstance(session, psycopg2.cursor):
        return _on_psycopg2(session.connection, schema)
    raise InvalidOption(
        "session must be an SQLAlchemy Session or Connection, or a psycopg2 connection or cursor, "
        f"not {type(session).__name__}",
        field="session",
    )


def _of_postgres(connection: Connection) -> Connection:
    if connection.dialect.name != "postgresql":
        raise InvalidOption(
            f"session is one of {connection.dialect.name}: a job goes with a session only if both are in "
            "one Postgres database, that of DATABASE_URL",
            field="session",
        )
    return connection


def _on_sqlalchemy(connection: Connection, schema: str) -> Execute:
    def execute(name: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        with translated():
            try:
                result = connection.execute(statement(name, schema), values)
            except StatementError as error:
                # The caller's engine shows what was to be written unless it was told not to: payloads.
                error.hide_parameters = True
                raise
            return [tuple(row) for row in result] if result.returns_rows else []

    return execute


def _on_psycopg2(connection: psycopg2.connection, schema: str) -> Execute:
    def execute(name: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        # A cursor of our own, with plain rows: the caller's may have any factory.
        with translated(), connection.cursor(cursor_factory=psycopg2.cursor) as cursor:
            cursor.execute(psycopg2_text(name, schema), values)
            return list(cursor.fetchall()) if cursor.description else []

    return execute
