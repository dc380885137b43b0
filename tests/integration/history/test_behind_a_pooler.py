"""A PgBouncer in transaction mode: everything works, and nothing of ours reaches others in its pool."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from redis import Redis
from sqlalchemy import Engine, event, make_url

from backend.cli.checks.finding import Level
from backend.cli.checks.postgres import check_postgres
from backend.domain.errors import HistoryUnavailable
from backend.embedded.servers import Servers
from backend.history.outbox.notify_listener import PostgresNotifyListener
from backend.history.schema.migrator import Migrator
from backend.history.server.connection import connect, translated
from backend.telemetry.clock import SystemClock
from tests.integration.history import pgbouncer
from tests.integration.history.chronicle import Chronicle
from tests.integration.history.databases import database, migrated_database, rows
from tests.integration.history.lives import Life

pytestmark = pytest.mark.skipif(pgbouncer.program() is None, reason="there is no pgbouncer here")

_STATE = """
SELECT array(SELECT name || '=' || setting FROM pg_settings WHERE source = 'session' AND name IN (
         'statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'jit',
         'transaction_timeout', 'random_page_cost', 'search_path', 'enable_hashjoin')) AS settings,
  array(SELECT relname::text FROM pg_class
        WHERE relnamespace = pg_my_temp_schema() AND relkind = 'r') AS tables,
  array(SELECT pg_listening_channels()) AS channels,
  (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory') AS locks
"""
_CLEAN = {"settings": [], "tables": [], "channels": [], "locks": 0}


@pytest.fixture
def empty_url(servers: Servers) -> Iterator[str]:
    """A database without any table, by way of a pooler."""
    with database(servers.database_url) as url, pgbouncer.pgbouncer(url, pool=4) as behind:
        yield behind


@pytest.fixture
def only_one(servers: Servers) -> Iterator[str]:
    """A database with every table, by way of a pooler with a single connection that all share."""
    with migrated_database(servers.database_url) as url, pgbouncer.pgbouncer(url, pool=1) as behind:
        yield behind


def stranger(url: str) -> dict[str, Any]:
    """What somebody else who uses the same pool finds."""
    parts = make_url(url)
    with closing(
        psycopg2.connect(**parts.query, user="tally", dbname=parts.database)
    ) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(_STATE)
            names = [column.name for column in cursor.description or ()]
            return dict(zip(names, cursor.fetchone() or (), strict=True))


def test_migrations_leave_no_lock_and_no_limit_with_the_pool(empty_url: str) -> None:
    engine = connect(empty_url)

    applied = Migrator(engine).apply()

    engine.dispose()
    assert applied == [entry.name for entry in Migrator(connect(empty_url)).status()]
    for _ in range(8):
        assert stranger(empty_url) == _CLEAN


def test_of_two_migrators_one_works_and_the_other_waits(empty_url: str, tmp_path: Path) -> None:
    (tmp_path / "20260101_001_first.sql").write_text("SELECT pg_sleep(0.3); CREATE TABLE a (n int)")
    (tmp_path / "20260101_002_second.sql").write_text(
        "-- no-transaction\nCREATE INDEX CONCURRENTLY a_n ON /*schema.*/a (n)"
    )
    applied: list[list[str]] = []
    threads = [
        threading.Thread(
            target=lambda: applied.append(Migrator(connect(empty_url), tmp_path).apply())
        )
        for _ in range(2)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(applied) == [[], ["20260101_001_first.sql", "20260101_002_second.sql"]]
    assert stranger(empty_url) == _CLEAN


def test_ours_are_held_to_the_limits_and_nobody_else_is(only_one: str) -> None:
    engine = connect(only_one, statement_timeout=2)

    with pytest.raises(HistoryUnavailable, match="statement timeout"):
        rows_translated(engine, "SELECT pg_sleep(60)")

    assert rows(engine, "SHOW lock_timeout") == [{"lock_timeout": "2s"}]
    assert rows(engine, "SHOW jit") == [{"jit": "off"}]
    assert stranger(only_one) == _CLEAN
    engine.dispose()


def rows_translated(engine: Engine, sql: str) -> None:
    """Runs a query as stores do."""
    with translated():
        rows(engine, sql)


def test_what_is_recorded_twice_is_there_once_and_no_table_stays_with_the_pool(
    redis: Redis, servers: Servers, only_one: str
) -> None:
    chronicle = Chronicle(redis, servers.redis_url, connect(only_one))
    events = [*Life("done").events(), *Life("gone", ends="failed", error=("E", "no")).events()]

    chronicle.write(*events)
    once = chronicle.everything()
    # What is on record already goes by the staging tables.
    chronicle.write(*events)

    assert [job["id"] for job in once["jobs"]] == ["done", "gone"]
    assert chronicle.everything() == once
    assert stranger(only_one) == _CLEAN
    chronicle.engine.dispose()


def test_who_waits_for_a_bell_looks_again_and_listens_on_nobodys_connection(only_one: str) -> None:
    engine = connect(only_one)
    notify_listener = PostgresNotifyListener(engine, "listen_to_outbox")

    assert [notify_listener.wait(0.01), notify_listener.wait(0.01)] == [True, False]

    notify_listener.close()
    assert stranger(only_one) == _CLEAN
    engine.dispose()


def test_doctor_says_what_a_pooler_costs(only_one: str) -> None:
    engine = connect(only_one)

    findings = list(check_postgres(engine, Migrator(engine), SystemClock().now))

    [said] = [finding for finding in findings if finding.code == "postgres_pooler"]
    assert said.level is Level.WARNING
    assert "LISTEN does not work there" in said.text
    engine.dispose()


def test_a_direct_connection_sends_what_it_was_asked_and_nothing_else(engine: Engine) -> None:
    sent: list[str] = []

    @event.listens_for(engine, "before_cursor_execute")
    def note(*call: Any) -> None:
        sent.append(call[2])

    assert rows(engine, "SHOW statement_timeout") == [{"statement_timeout": "30s"}]
    assert sent == ["SHOW statement_timeout"]
