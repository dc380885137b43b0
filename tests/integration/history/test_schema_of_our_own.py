"""Tables in a schema of their own, inside of a database that belongs to an application."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import psycopg2
import pytest
from redis import Redis
from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.orm import Session

from backend.cli.checks.finding import Finding
from backend.cli.checks.postgres import check_postgres
from backend.domain.errors import HistoryUnavailable, MigrationError
from backend.embedded.servers import Servers
from backend.history.schema.migrator import Migrator
from backend.history.server.connection import connect
from backend.telemetry.clock import SystemClock
from tests.integration.history import pgbouncer
from tests.integration.history.databases import administer, database, named, rows, run
from tests.integration.record.bureau import Bureau

#: An application whose tables bear the names of ours.
_APPLICATION = ("jobs", "schedules", "schema_migrations", "job_outbox", "job_events")


@pytest.fixture
def shared(servers: Servers) -> Iterator[str]:
    """A database that an application filled."""
    with database(servers.database_url) as url:
        engine = create_engine(url)
        for table in _APPLICATION:
            run(engine, f"CREATE TABLE public.{table} (theirs int)")
        engine.dispose()
        yield url


def _tables(engine: Engine, schema: str) -> set[str]:
    found = rows(
        engine, "SELECT tablename FROM pg_tables WHERE schemaname = :schema", schema=schema
    )
    return {row["tablename"] for row in found}


@pytest.mark.parametrize("schema", ["tally", "order"])
def test_everything_is_made_in_the_schema_and_the_applications_tables_stay(
    shared: str, schema: str
) -> None:
    engine = connect(shared, schema=schema)

    assert "20260127_004_job_queue.sql" in Migrator(engine).apply()
    assert Migrator(engine).apply() == []

    assert _tables(engine, "public") == set(_APPLICATION)
    assert _tables(engine, schema) >= {"jobs", "job_outbox", "schema_migrations", "audit_log"}
    for table in _APPLICATION:
        assert rows(engine, f"SELECT * FROM public.{table}") == []
    engine.dispose()


def test_without_a_schema_the_refusal_names_the_setting_and_leaves_nothing(shared: str) -> None:
    engine = connect(shared)
    run(engine, "DROP TABLE public.schema_migrations")
    run(engine, "CREATE VIEW public.task_jobs AS SELECT 1 AS theirs")
    before = rows(engine, "SELECT relname FROM pg_class UNION ALL SELECT proname FROM pg_proc")

    with pytest.raises(MigrationError) as refused:
        Migrator(engine).apply()

    assert str(refused.value) == (
        "nothing was migrated: this schema has job_events, job_outbox, jobs, schedules, task_jobs already, "
        "and none of our migrations was applied to it; give Tally a schema of its own: "
        "JOB_QUEUE_SCHEMA=tally"
    )
    after = rows(engine, "SELECT relname FROM pg_class UNION ALL SELECT proname FROM pg_proc")
    assert after == before
    engine.dispose()


@pytest.mark.parametrize(
    "columns",
    ["version bigint PRIMARY KEY, dirty boolean", "version text", "name text, checksum int"],
)
def test_a_table_of_migrations_of_another_tool_is_told_with_the_setting(
    servers: Servers, columns: str
) -> None:
    with database(servers.database_url) as url:
        engine = connect(url)
        run(engine, f"CREATE TABLE schema_migrations ({columns})")
        words = (
            "schema_migrations in this database is another tool's; give Tally a schema of its own: "
            "JOB_QUEUE_SCHEMA=tally"
        )

        for ask in (Migrator(engine).apply, Migrator(engine).status):
            with pytest.raises(MigrationError) as refused:
                ask()
            assert str(refused.value) == words

        [finding] = [f for f in _doctor(engine) if f.code == "schema"]
        assert f"{finding.text}; {finding.remedy}" == words
        assert _tables(engine, "public") == {"schema_migrations"}
        engine.dispose()


@pytest.mark.parametrize(
    ("schema", "what"), [("tally", "the schema tally"), ("", "any schema of its search path")]
)
def test_an_account_without_rights_to_the_schema_is_told_so_and_not_that_all_is_pending(
    servers: Servers, schema: str, what: str
) -> None:
    with database(servers.database_url) as url:
        administer(url, "DROP ROLE IF EXISTS weak", "CREATE ROLE weak LOGIN")
        owner = connect(url, schema=schema)
        Migrator(owner).apply()
        run(owner, "REVOKE ALL ON SCHEMA public FROM PUBLIC")
        weak = connect(named(url, str(make_url(url).database), "weak"), schema=schema)
        words = (
            f"the account weak has no rights to {what}; migrate as the owner of the tables, who gives "
            "other accounts theirs: SELECT grant_service_rights('weak')"
        )

        for ask in (Migrator(weak).apply, Migrator(weak).status, Migrator(weak).pending):
            with pytest.raises(HistoryUnavailable) as refused:
                ask()
            assert (str(refused.value), refused.value.details["sqlstate"]) == (words, "42501")
        assert "schema" in {f.code for f in _doctor(weak)}

        run(owner, "SELECT grant_service_rights('weak')")
        assert Migrator(weak).pending() == []
        weak.dispose()
        run(owner, "DROP OWNED BY weak")
        owner.dispose()
    administer(servers.database_url, "DROP ROLE weak")


def _doctor(engine: Engine) -> list[Finding]:
    return list(check_postgres(engine, Migrator(engine), SystemClock().now))


def test_before_it_is_migrated_no_table_of_the_application_is_taken_for_ours(shared: str) -> None:
    engine = connect(shared, schema="tally")

    assert all(entry.applied_at is None for entry in Migrator(engine).status())
    engine.dispose()


def test_an_account_that_may_make_no_schema_uses_the_one_it_was_given(shared: str) -> None:
    administer(shared, "DROP ROLE IF EXISTS tally_owner", "CREATE ROLE tally_owner LOGIN")
    admin = create_engine(shared)
    run(admin, "CREATE SCHEMA tally AUTHORIZATION tally_owner")
    engine = connect(named(shared, str(make_url(shared).database), "tally_owner"), schema="tally")

    assert Migrator(engine).apply()

    engine.dispose()
    run(admin, "DROP OWNED BY tally_owner")
    admin.dispose()


@pytest.mark.parametrize("is_pooled", [False, True])
def test_a_callers_transaction_reaches_the_outbox_whatever_its_search_path(
    servers: Servers, redis: Redis, shared: str, is_pooled: bool
) -> None:
    if not is_pooled:
        _send_from_the_application(servers, redis, shared)
        return
    if pgbouncer.program() is None:
        pytest.skip("there is no pgbouncer here")
    with pgbouncer.pgbouncer(shared, pool=9) as behind:
        _send_from_the_application(servers, redis, behind)


def _send_from_the_application(servers: Servers, redis: Redis, url: str) -> None:
    engine = connect(url, schema="tally", connections=8)
    Migrator(engine).apply()
    bureau = Bureau(redis, servers.redis_url, engine)
    # Of its caller's own id: what is there under it is looked at.
    by_session = bureau.job(job_id=bureau.job().id)
    by_psycopg2, by_event = bureau.job(), bureau.job()
    application = create_engine(url)

    with Session(application) as session:
        for _ in range(2):
            bureau.outbox_service.enqueue([by_session], session)
        session.commit()
    parts = make_url(url)
    with closing(
        psycopg2.connect(**parts.query, user="tally", dbname=parts.database)
    ) as connection:
        bureau.outbox_service.enqueue([by_psycopg2], connection)
        connection.commit()
    bureau.outbox_service.enqueue([by_event])
    bureau.relay_all()
    bureau.record()

    ids = [by_session.id, by_psycopg2.id, by_event.id]
    assert bureau.bench.queue() == ids
    assert bureau.ids(bureau.rows("SELECT id AS job_id FROM tally.jobs ORDER BY id")) == sorted(ids)
    assert rows(application, "SELECT * FROM public.job_outbox") == []
    application.dispose()
    engine.dispose()


def test_two_deployments_share_a_database_and_nothing_else(shared: str) -> None:
    engines = [connect(shared, schema=name) for name in ("tally_one", "tally_two")]

    for engine in engines:
        Migrator(engine).apply()
        run(engine, "SELECT make_job_events_partition('2031-05-01')")

    assert "job_events_2031_05" in _tables(engines[0], "tally_one")
    assert _tables(engines[0], "tally_one") == _tables(engines[1], "tally_two")
    for engine in engines:
        engine.dispose()
