"""A Postgres that was demoted keeps its connections open: none of them may be used again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from backend.domain.errors import HistoryUnavailable
from backend.embedded.servers import Servers
from backend.history.server.connection import connect, translated
from tests.integration.history.databases import migrated_database


@pytest.fixture
def engine(servers: Servers) -> Iterator[Engine]:
    with migrated_database(servers.database_url) as url:
        engine = connect(url)
        yield engine
        engine.dispose()


def _session_of(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())


def _write(engine: Engine) -> None:
    with translated(), engine.begin() as connection:
        connection.execute(text("CREATE TABLE written (at timestamptz)"))


def test_a_connection_that_takes_no_writes_is_not_kept(engine: Engine) -> None:
    demoted = _session_of(engine)
    with engine.begin() as connection:
        connection.execute(text("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"))

    with pytest.raises(HistoryUnavailable, match="must lead to the primary") as refusal:
        _write(engine)

    assert refusal.value.details["sqlstate"] == "25006"
    assert _session_of(engine) != demoted
    _write(engine)
