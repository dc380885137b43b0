"""pg_dump under the account of the services: of a whole database, of one schema in an application's."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from backend.embedded.servers import Servers
from backend.history.schema.migrator import Migrator
from backend.history.server.connection import connect
from tests.integration.history.databases import administer, database, named, run
from workers.maintenance.dump import dump
from workers.maintenance.pg_dump_program import find_pg_dump, major_of_server


@pytest.fixture(params=["", "tally"])
def schema(request: pytest.FixtureRequest) -> str:
    """Where the tables are."""
    return str(request.param)


@pytest.fixture
def account_url(servers: Servers, schema: str) -> Iterator[str]:
    """A migrated database, reached by an account that owns nothing."""
    with database(servers.database_url) as url:
        administer(url, "DROP ROLE IF EXISTS tally_app", "CREATE ROLE tally_app LOGIN")
        owner = connect(url, schema=schema)
        Migrator(owner).apply()
        if schema:
            run(owner, "CREATE TABLE public.customers (n int)")
        run(owner, "SELECT grant_service_rights('tally_app'), grant_backup_rights('tally_app')")
        yield named(url, str(make_url(url).database), "tally_app")
        run(owner, "DROP OWNED BY tally_app")
        owner.dispose()
    administer(servers.database_url, "DROP ROLE tally_app")


def test_the_services_account_copies_all_of_ours_and_the_months_it_made_itself(
    account_url: str, schema: str, tmp_path: Path
) -> None:
    service = connect(account_url, schema=schema)
    run(
        service, "SELECT make_job_events_partition('2031-05-01'), make_jobs_partition('2031-05-01')"
    )
    service.dispose()
    program = find_pg_dump(None, major_of_server(account_url))

    with (tmp_path / "dump").open("wb") as file:
        dump(program, account_url, file.fileno(), lambda: None, schema=schema)

    listing = subprocess.run(
        [program.with_name("pg_restore"), "--list", tmp_path / "dump"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for table in ("jobs_other", "jobs_2031_05", "job_results_2031_05", "job_events_2031_05"):
        assert f"TABLE DATA {schema or 'public'} {table} " in listing
    assert "customers" not in listing
