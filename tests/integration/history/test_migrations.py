"""Migrations: once, in order, never edited, and in SQL what the domain says in Python."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest
from sqlalchemy import Engine

from backend.domain.errors import HistoryUnavailable, MigrationError
from backend.domain.jobs.job_event import ATTEMPT_ENDS, EventKind
from backend.domain.jobs.job_state import JobState
from backend.history.schema.migration_files import read_migrations
from backend.history.schema.migrator import Migrator
from backend.history.server.connection import connect
from backend.shipped import shipped
from tests.integration.history.databases import administer, named, rows, run

FIRST = "20260101_001_first.sql"


def folder_with(path: Path, **files: str) -> Path:
    """A folder of migrations, each named by a word."""
    for number, (word, sql) in enumerate(files.items(), 1):
        (path / f"20260101_{number:03}_{word}.sql").write_text(sql)
    return path


def test_an_empty_database_gets_every_table_and_a_second_run_does_nothing(fresh: Engine) -> None:
    ours = [file.name for file in read_migrations(shipped("migrations"))]

    applied = Migrator(fresh).apply()

    assert applied == ours
    assert "20260127_004_job_queue.sql" in applied
    assert Migrator(fresh).apply() == []
    assert Migrator(fresh).pending() == []


def test_all_is_pending_before_the_first_run(fresh: Engine) -> None:
    migrator = Migrator(fresh)

    assert migrator.pending() == [file.name for file in read_migrations(shipped("migrations"))]
    assert all(entry.applied_at is None for entry in migrator.status())


def test_what_is_pending_is_applied_in_the_order_of_names(fresh: Engine, tmp_path: Path) -> None:
    folder_with(tmp_path, first="CREATE TABLE a (n int)", second="ALTER TABLE a ADD m int")

    assert Migrator(fresh, tmp_path).apply() == [FIRST, "20260101_002_second.sql"]

    (tmp_path / "20260101_003_third.sql").write_text("ALTER TABLE a ADD o text DEFAULT '100%'")
    assert Migrator(fresh, tmp_path).pending() == ["20260101_003_third.sql"]
    assert Migrator(fresh, tmp_path).apply() == ["20260101_003_third.sql"]


def test_of_two_at_once_one_works_and_the_other_waits(fresh: Engine, tmp_path: Path) -> None:
    folder_with(tmp_path, first="SELECT pg_sleep(0.3); CREATE TABLE a (n int)")
    applied: list[list[str]] = []
    threads = [
        threading.Thread(target=lambda: applied.append(Migrator(fresh, tmp_path).apply()))
        for _ in range(2)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(applied) == [[], [FIRST]]


def test_no_limit_of_a_transaction_ends_the_lock_of_a_migrator(
    fresh: Engine, tmp_path: Path
) -> None:
    """Postgres 17 ends a session whose transaction is older, and another could migrate beside us."""
    name = fresh.url.database or ""
    if not rows(fresh, "SELECT FROM pg_settings WHERE name = 'transaction_timeout'"):
        pytest.skip("this Postgres has no transaction_timeout")
    url = fresh.url.render_as_string(hide_password=False)
    administer(url, f"ALTER DATABASE {name} SET transaction_timeout = '200ms'")
    engine = connect(url)
    folder_with(tmp_path, first="SELECT pg_sleep(0.3)", second="SELECT pg_sleep(0.3)")

    assert len(Migrator(engine, tmp_path).apply()) == len(list(tmp_path.iterdir()))

    assert rows(engine, "SHOW transaction_timeout") == [{"transaction_timeout": "0"}]
    engine.dispose()


def test_a_file_that_changed_after_it_was_applied_is_refused(fresh: Engine, tmp_path: Path) -> None:
    folder_with(tmp_path, first="CREATE TABLE a (n int)")
    Migrator(fresh, tmp_path).apply()
    (tmp_path / FIRST).write_text("CREATE TABLE a (n bigint)")

    with pytest.raises(MigrationError, match=FIRST):
        Migrator(fresh, tmp_path).apply()

    with pytest.raises(MigrationError, match="put the change into a new migration"):
        Migrator(fresh, tmp_path).pending()
    assert Migrator(fresh, tmp_path).status()[0].is_changed


def test_other_line_ends_are_no_change(fresh: Engine, tmp_path: Path) -> None:
    folder_with(tmp_path, first="CREATE TABLE a (n int);\nSELECT 1")
    Migrator(fresh, tmp_path).apply()
    (tmp_path / FIRST).write_bytes(b"CREATE TABLE a (n int);\r\nSELECT 1")

    assert Migrator(fresh, tmp_path).pending() == []


def test_a_failed_migration_leaves_nothing_behind(fresh: Engine, tmp_path: Path) -> None:
    folder_with(
        tmp_path, first="CREATE TABLE a (n int)", second="CREATE TABLE b (n int); SELECT 1/0"
    )

    with pytest.raises(MigrationError, match=r"002_second.sql failed .*division by zero"):
        Migrator(fresh, tmp_path).apply()

    assert rows(fresh, "SELECT to_regclass('a') IS NOT NULL AS a, to_regclass('b') AS b") == [
        {"a": True, "b": None}
    ]
    assert Migrator(fresh, tmp_path).pending() == ["20260101_002_second.sql"]


def test_what_wants_no_transaction_gets_none(fresh: Engine, tmp_path: Path) -> None:
    alone = (
        "-- no-transaction\nCREATE TABLE IF NOT EXISTS a (n int);\n\n"
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS a_n ON a (n);\n"
    )
    folder_with(tmp_path, first=alone)

    Migrator(fresh, tmp_path).apply()

    assert rows(fresh, "SELECT to_regclass('a_n') IS NOT NULL AS made") == [{"made": True}]


def test_a_migration_of_a_newer_release_is_shown_and_disturbs_nobody(
    fresh: Engine, tmp_path: Path
) -> None:
    folder_with(tmp_path, first="CREATE TABLE a (n int)", second="CREATE TABLE b (n int)")
    Migrator(fresh, tmp_path).apply()
    (tmp_path / "20260101_002_second.sql").unlink()

    older = Migrator(fresh, tmp_path)

    assert older.apply() == []
    assert [(entry.name, entry.is_known) for entry in older.status()] == [
        (FIRST, True),
        ("20260101_002_second.sql", False),
    ]


def test_a_file_without_a_place_in_the_order_is_refused(fresh: Engine, tmp_path: Path) -> None:
    (tmp_path / "fix.sql").write_text("SELECT 1")

    with pytest.raises(MigrationError, match="YYYYMMDD_NNN_subject"):
        Migrator(fresh, tmp_path)


def test_a_folder_without_migrations_is_an_incomplete_installation(
    fresh: Engine, tmp_path: Path
) -> None:
    with pytest.raises(MigrationError, match="is the installation complete"):
        Migrator(fresh, tmp_path)


def test_without_a_server_history_is_unavailable(tmp_path: Path) -> None:
    nowhere = connect(f"postgresql+psycopg2://tally@/tally?host={tmp_path}")

    with pytest.raises(HistoryUnavailable):
        Migrator(nowhere).status()


def test_an_account_that_may_not_install_extensions_can_migrate(fresh: Engine) -> None:
    url = fresh.url.render_as_string(hide_password=False)
    administer(url, "DROP ROLE IF EXISTS plain_owner", "CREATE ROLE plain_owner LOGIN")
    run(fresh, "GRANT CREATE, USAGE ON SCHEMA public TO plain_owner")
    plain = connect(named(url, fresh.url.database or "", "plain_owner"))

    Migrator(plain).apply()

    assert rows(plain, "SELECT to_regclass('jobs_by_error_text') AS found") == [{"found": None}]
    plain.dispose()
    run(fresh, "DROP OWNED BY plain_owner")


def words_of(engine: Engine, table: str, column: str) -> set[str]:
    """The words that a column's check allows."""
    [found] = rows(
        engine,
        "SELECT pg_get_constraintdef(oid) AS text FROM pg_constraint"
        " WHERE conrelid = CAST(:table AS regclass) AND conname = :name",
        table=table,
        name=f"{table}_{column}_check",
    )
    return set(re.findall(r"'(\w+)'", found["text"]))


def test_states_and_events_have_the_same_words_in_sql_as_in_python(engine: Engine) -> None:
    states = {state.value for state in JobState}

    assert words_of(engine, "jobs", "status") == states
    assert words_of(engine, "job_events", "status") == states
    # History alone says `claimed`: of a `started` row that a later one takes back.
    kinds = set(EventKind) - {EventKind.CLAIMED}
    assert words_of(engine, "job_events", "kind") == {kind.value for kind in kinds}
    assert words_of(engine, "job_results", "status") == {kind.value for kind in ATTEMPT_ENDS}


def test_the_columns_that_runbooks_ask_for_are_there(engine: Engine) -> None:
    rows(engine, "SELECT status, started_at, finished_at, last_error FROM jobs")
    rows(engine, "SELECT job_id, status, result_payload, trace_id FROM job_results")
