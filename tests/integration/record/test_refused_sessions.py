"""A session of the caller's that takes no job: what its error says, and what it does not."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from backend.domain.errors import HistoryUnavailable, InvalidOption, MigrationError
from tests.integration.record.bureau import Bureau


@pytest.fixture
def own_engine(bureau: Bureau) -> Iterator[Engine]:
    """As an application makes its own: it shows parameters in errors."""
    made = create_engine(bureau.engine.url)
    yield made
    made.dispose()


def _break_off(session: Session) -> None:
    with pytest.raises(DBAPIError):
        session.execute(text("SELECT 1 / 0"))


def _leave_the_schema(session: Session) -> None:
    session.execute(text("SET search_path = pg_catalog"))


def _read_only(session: Session) -> None:
    session.execute(text("SET TRANSACTION READ ONLY"))


@pytest.mark.parametrize(
    ("spoil", "kind"),
    [
        (_break_off, DBAPIError),
        (_leave_the_schema, MigrationError),
        (_read_only, HistoryUnavailable),
    ],
)
def test_no_error_tells_the_payload(
    bureau: Bureau, own_engine: Engine, spoil: Callable[[Session], None], kind: type[Exception]
) -> None:
    job = bureau.job(payload={"name": "hunter2"})

    with Session(own_engine) as session:
        spoil(session)
        with pytest.raises(kind) as refused:
            bureau.outbox_service.enqueue([job], session)

    told = "".join(traceback.format_exception(refused.value))
    assert "INSERT INTO" in told
    assert "hunter2" not in told


@pytest.mark.parametrize("given", ["session", "connection"])
def test_one_of_another_kind_of_database_is_told_what_it_is(bureau: Bureau, given: str) -> None:
    other = create_engine("sqlite://")

    with other.connect() as connection, Session(other) as session:
        sessions = {"session": session, "connection": connection}
        with pytest.raises(InvalidOption) as refused:
            bureau.outbox_service.enqueue([bureau.job()], sessions[given])

    assert str(refused.value) == (
        "session is one of sqlite: a job goes with a session only if both are in one Postgres database, "
        "that of DATABASE_URL"
    )
    assert refused.value.details["field"] == "session"
