"""A database that is not in UTF-8 is refused before anything garbled is in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, make_url

from backend.cli.checks.finding import Level
from backend.cli.checks.postgres import check_postgres
from backend.domain.errors import MigrationError
from backend.embedded.servers import Servers
from backend.history.schema.migrator import Migrator
from backend.history.server.connection import connect
from backend.telemetry.clock import SystemClock
from tests.integration.history.databases import administer, named, rows


@pytest.fixture(params=["SQL_ASCII", "LATIN1"])
def garbling(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Engine]:
    """A database in an old encoding."""
    url, name = servers.database_url, f"in_{request.param.lower()}"
    made = f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{request.param}' LOCALE 'C'"
    administer(url, made)
    engine = connect(named(url, name))
    yield engine
    engine.dispose()
    administer(url, f"DROP DATABASE {name} WITH (FORCE)")


def _words(engine: Engine) -> str:
    encoding = str(make_url(engine.url).database).removeprefix("in_").upper()
    return f"the database is in {encoding}, which cannot hold the texts of all jobs"


def test_migrating_it_is_refused_in_one_sentence_and_nothing_is_made(garbling: Engine) -> None:
    with pytest.raises(MigrationError) as refusal:
        Migrator(garbling).apply()

    assert str(refusal.value) == (
        f"{_words(garbling)}; make one in UTF-8: createdb --template=template0 --encoding=UTF8 NAME"
    )
    assert rows(garbling, "SELECT count(*) AS n FROM pg_tables WHERE schemaname = 'public'") == [
        {"n": 0}
    ]


def test_doctor_says_so_too(garbling: Engine) -> None:
    findings = list(check_postgres(garbling, Migrator(garbling), SystemClock().now))

    [said] = [finding for finding in findings if finding.code == "postgres_encoding"]
    assert said == (
        "postgres_encoding",
        Level.WRONG,
        _words(garbling),
        "make one in UTF-8: createdb --template=template0 --encoding=UTF8 NAME",
    )


def test_the_connection_speaks_utf_8_whatever_the_environment_says(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    engine = connect(servers.database_url)

    assert rows(engine, "SELECT 'Zoë 5 €' AS text") == [{"text": "Zoë 5 €"}]
    assert rows(engine, "SHOW client_encoding") == [{"client_encoding": "UTF8"}]
    engine.dispose()
