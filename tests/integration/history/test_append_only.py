"""What was recorded cannot be edited, and the services' account can do no more than it needs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from backend.history.schema.upkeep_store import PostgresUpkeepStore
from backend.history.server.connection import connect
from tests.integration.history.chronicle import Chronicle
from tests.integration.history.databases import administer, named, run

MIGRATIONS = Path(__file__).parents[3] / "migrations"


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE job_events SET actor = 'nobody'",
        "DELETE FROM job_events",
        "TRUNCATE job_events",
    ],
)
def test_events_stay_as_they_were_written_even_for_the_owner(
    chronicle: Chronicle, edit: str
) -> None:
    chronicle.bench.finished()
    chronicle.record()
    before = chronicle.everything()

    with pytest.raises(DBAPIError, match="append-only"):
        run(chronicle.engine, edit)

    assert chronicle.everything() == before


def test_one_month_cannot_be_emptied_by_its_own_name(chronicle: Chronicle) -> None:
    [month] = chronicle.rows(
        "SELECT max(inhrelid::regclass::text) AS name FROM pg_inherits"
        " WHERE inhparent = 'job_events'::regclass"
    )

    with pytest.raises(DBAPIError, match="append-only"):
        run(chronicle.engine, f"TRUNCATE {month['name']}")


@pytest.fixture
def service(engine: Engine) -> Iterator[Engine]:
    """Connections of an account with the rights that the services are given."""
    url = engine.url.render_as_string(hide_password=False)
    administer(url, "DROP ROLE IF EXISTS tally_service", "CREATE ROLE tally_service LOGIN")
    run(engine, "SELECT grant_service_rights('tally_service')")
    service = connect(named(url, engine.url.database or "", "tally_service"))
    yield service
    service.dispose()
    run(engine, "DROP OWNED BY tally_service")
    administer(url, "DROP ROLE tally_service")


def test_the_services_account_can_record(chronicle: Chronicle, service: Engine) -> None:
    finished = chronicle.bench.finished()
    chronicle.engine = service

    chronicle.record()

    assert chronicle.job(finished)["status"] == "finished"


@pytest.mark.parametrize("table", ["job_events", "audit_log", "job_event_seals"])
@pytest.mark.parametrize("edit", ["UPDATE {} SET hash = ''", "DELETE FROM {}", "TRUNCATE {}"])
def test_the_services_account_cannot_edit_what_is_append_only(
    service: Engine, table: str, edit: str
) -> None:
    with pytest.raises(DBAPIError, match=r"permission denied|does not exist"):
        run(service, edit.format(table))


def test_the_services_account_prunes(service: Engine) -> None:
    upkeep = PostgresUpkeepStore(service)
    run(service, "INSERT INTO set_aside_events (stream_id, entry, reason) VALUES ('1-0', '', '')")

    assert upkeep.prune_set_aside(datetime.now(UTC) + timedelta(minutes=1), 10) == 1
    assert upkeep.prune_events(datetime.now(UTC), 10) == 0


def test_an_account_that_had_its_rights_before_may_delete_what_was_set_aside(
    engine: Engine, service: Engine
) -> None:
    migration = (MIGRATIONS / "20260206_047_events_that_go.sql").read_text()
    with engine.begin() as connection:
        connection.execute(text("REVOKE DELETE ON set_aside_events FROM tally_service"))
        connection.execute(text("DROP INDEX set_aside_events_by_time"))
        connection.exec_driver_sql(migration.replace("%", "%%"))

    assert PostgresUpkeepStore(service).prune_set_aside(datetime.now(UTC), 10) == 0


def test_the_services_account_cannot_drop_the_current_month(service: Engine) -> None:
    with pytest.raises(DBAPIError, match="is not over"):
        run(service, "SELECT drop_job_events_partition(CAST(now() AS date))")
