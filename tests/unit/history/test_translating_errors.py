"""Errors of Postgres: what is about the server, what about the schema, what about values."""

from __future__ import annotations

from typing import Any

import psycopg2
import pytest
from psycopg2 import errorcodes, errors
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from backend.domain.errors import HistoryUnavailable, MigrationError
from backend.history.server.connection import Unrecordable, translate, translated


class Told(psycopg2.Error):
    """An error with a state of our choice, as the driver raises one."""

    def __init__(self, state: str | None) -> None:
        super().__init__("words")
        self.state = state

    @property
    def pgcode(self) -> Any:  # type: ignore[override]
        return self.state


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (errorcodes.CONNECTION_FAILURE, HistoryUnavailable),
        (errorcodes.ADMIN_SHUTDOWN, HistoryUnavailable),
        (errorcodes.TOO_MANY_CONNECTIONS, HistoryUnavailable),
        (errorcodes.DISK_FULL, HistoryUnavailable),
        (errorcodes.READ_ONLY_SQL_TRANSACTION, HistoryUnavailable),
        (errorcodes.DEADLOCK_DETECTED, HistoryUnavailable),
        (errorcodes.QUERY_CANCELED, HistoryUnavailable),
        (errorcodes.LOCK_NOT_AVAILABLE, HistoryUnavailable),
        (errorcodes.INSUFFICIENT_PRIVILEGE, HistoryUnavailable),
        (errorcodes.INVALID_PASSWORD, HistoryUnavailable),
        (errorcodes.INVALID_CATALOG_NAME, HistoryUnavailable),
        (errorcodes.DATA_CORRUPTED, HistoryUnavailable),
        (errorcodes.UNDEFINED_TABLE, MigrationError),
        (errorcodes.UNDEFINED_COLUMN, MigrationError),
        (errorcodes.UNDEFINED_FUNCTION, MigrationError),
        (errorcodes.CHECK_VIOLATION, Unrecordable),
        (errorcodes.UNIQUE_VIOLATION, Unrecordable),
        (errorcodes.INVALID_TEXT_REPRESENTATION, Unrecordable),
        (errorcodes.PROGRAM_LIMIT_EXCEEDED, Unrecordable),
        (None, HistoryUnavailable),
        (errorcodes.SYNTAX_ERROR, Told),
    ],
)
def test_the_state_tells_what_went_wrong(state: str | None, expected: type[Exception]) -> None:
    assert type(translate(Told(state))) is expected


def test_an_error_inside_sqlalchemys_is_the_same() -> None:
    wrapped = DBAPIError("SELECT", {}, Told(errorcodes.UNDEFINED_TABLE))

    assert isinstance(translate(wrapped), MigrationError)


def test_a_pool_without_a_free_connection_is_unavailable() -> None:
    assert isinstance(translate(PoolExhausted("none")), HistoryUnavailable)


def test_a_mistake_of_our_own_stays_what_it_is() -> None:
    mistake = ArgumentError("mistake")
    with pytest.raises(ArgumentError), translated():
        raise mistake

    with pytest.raises(errors.ProgrammingError), translated():
        raise errors.ProgrammingError("mistake")
