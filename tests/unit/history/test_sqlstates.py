"""What each SQLSTATE means: one of three, and what nobody has heard of is not now."""

from __future__ import annotations

import pytest
from psycopg2 import errorcodes

from backend.domain.store_answer import Meaning
from backend.history.server.sqlstates import is_about_schema, is_about_values, read_state

NOT_NOW, REFUSED, MISTAKE = Meaning.NOT_NOW, Meaning.REFUSED, Meaning.MISTAKE


@pytest.mark.parametrize(
    ("state", "meaning"),
    [
        ("", NOT_NOW),
        (errorcodes.CONNECTION_FAILURE, NOT_NOW),
        (errorcodes.PROTOCOL_VIOLATION, NOT_NOW),
        (errorcodes.READ_ONLY_SQL_TRANSACTION, NOT_NOW),
        (errorcodes.IDLE_IN_TRANSACTION_SESSION_TIMEOUT, NOT_NOW),
        (errorcodes.SERIALIZATION_FAILURE, NOT_NOW),
        (errorcodes.DEADLOCK_DETECTED, NOT_NOW),
        (errorcodes.DISK_FULL, NOT_NOW),
        (errorcodes.OUT_OF_MEMORY, NOT_NOW),
        (errorcodes.TOO_MANY_CONNECTIONS, NOT_NOW),
        (errorcodes.LOCK_NOT_AVAILABLE, NOT_NOW),
        (errorcodes.QUERY_CANCELED, NOT_NOW),
        (errorcodes.ADMIN_SHUTDOWN, NOT_NOW),
        (errorcodes.CANNOT_CONNECT_NOW, NOT_NOW),
        (errorcodes.IO_ERROR, NOT_NOW),
        (errorcodes.DATA_CORRUPTED, NOT_NOW),
        (errorcodes.INVALID_CATALOG_NAME, NOT_NOW),
        (errorcodes.INVALID_PASSWORD, REFUSED),
        (errorcodes.INSUFFICIENT_PRIVILEGE, REFUSED),
        (errorcodes.UNIQUE_VIOLATION, REFUSED),
        (errorcodes.NUMERIC_VALUE_OUT_OF_RANGE, REFUSED),
        (errorcodes.PROGRAM_LIMIT_EXCEEDED, REFUSED),
        (errorcodes.SYNTAX_ERROR, MISTAKE),
        (errorcodes.IN_FAILED_SQL_TRANSACTION, MISTAKE),
        (errorcodes.FEATURE_NOT_SUPPORTED, MISTAKE),
        (errorcodes.RAISE_EXCEPTION, MISTAKE),
    ],
)
def test_each_state_means_one_of_three(state: str, meaning: Meaning) -> None:
    answer = read_state(state)

    assert (answer.code, answer.meaning, answer.is_known) == (state, meaning, True)
    assert answer.remedy


def test_every_state_that_postgres_documents_is_known() -> None:
    states = [
        value
        for name, value in vars(errorcodes).items()
        if name.isupper() and len(value) == 5 and name != "SUCCESSFUL_COMPLETION"
    ]

    assert len(states) > 200
    assert [state for state in states if not read_state(state).is_known] == []


def test_a_class_nobody_has_heard_of_is_not_now_and_known_to_be_unknown() -> None:
    answer = read_state("QX001")

    assert (answer.meaning, answer.is_known) == (NOT_NOW, False)


def test_only_a_server_that_takes_no_writes_is_the_wrong_one() -> None:
    wrong = [
        value
        for name, value in vars(errorcodes).items()
        if name.isupper() and len(value) == 5 and read_state(value).is_wrong_server
    ]

    assert wrong == [errorcodes.READ_ONLY_SQL_TRANSACTION]


def test_what_is_about_the_schema_and_what_is_about_values_is_told_apart() -> None:
    assert is_about_schema(errorcodes.UNDEFINED_TABLE)
    assert not is_about_schema(errorcodes.SYNTAX_ERROR)
    assert is_about_values(errorcodes.CHECK_VIOLATION)
    assert not is_about_values(errorcodes.UNDEFINED_TABLE)
