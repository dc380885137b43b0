"""What a job of a key that is bound to a tenant can read: its tenant's rows, however it asks."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest
from pydantic import ValidationError

from backend.api.config.worker_settings import SourceSettings
from backend.domain.errors import PermanentFailure
from backend.embedded.servers import Servers
from tests.integration.workers.record import record_database
from tests.workers_at_work import AtWork, Settings, context
from workers import export_worker, report_worker
from workers.artifacts.open_store import open_store

#: Every third job of the record; numbers 0, 30 of them failed.
OURS = [f"job-{number:03}" for number in range(0, 60, 3)]
QUERIES = {
    "all_names": "SELECT 'everybody' AS name",
    "own_names": "SELECT CAST(:tenant AS text) AS name",
}


@pytest.fixture(scope="module")
def shared_record(servers: Servers) -> Iterator[str]:
    """A record with jobs of two tenants and of none."""
    with record_database(servers.database_url) as url:
        connection = psycopg2.connect(url.replace("+psycopg2", ""))
        with connection, connection.cursor() as cursor:
            cursor.execute("UPDATE jobs SET tenant = 'acme' WHERE id = ANY(%s)", (OURS,))
            cursor.execute("UPDATE jobs SET tenant = 'globex' WHERE id = 'job-001'")
            for owner, job in (("acme", OURS[0]), ("globex", "job-001")):
                cursor.execute(
                    "INSERT INTO artifacts (id, job_id, attempt, name, media_type, size_bytes, sha256,"
                    " location, tenant) VALUES (%s, %s, 1, 'pay.csv', 'text/csv', 1, %s, %s, %s)",
                    (owner, job, bytes(32), owner, owner),
                )
        connection.close()
        yield url


@pytest.fixture
def shared(settings: Settings, shared_record: str) -> Settings:
    return settings.but(database_url=shared_record)


def acme(**values: Any) -> Any:
    return context(tenant="acme", is_confined=True, **values)


def exported(settings: Settings, given: Any, **payload: Any) -> list[dict[str, str]]:
    with AtWork(export_worker, settings) as worker:
        result = worker.run("export_data", payload, given)
    with open_store(settings.artifacts).open(result["artifact"]["id"]) as file:
        return list(csv.DictReader(io.StringIO(file.read().decode("utf-8-sig"))))


@pytest.mark.parametrize("table", ["jobs", '"jobs"'])
def test_a_confined_job_exports_the_jobs_of_its_tenant(shared: Settings, table: str) -> None:
    rows = exported(shared, acme(), table=table, columns=["id"])

    assert sorted(row["id"] for row in rows) == OURS


@pytest.mark.parametrize("table", ["public.jobs", "JOBS", "Jobs", "record.public.jobs"])
def test_another_spelling_of_a_table_opens_nothing(shared: Settings, table: str) -> None:
    with pytest.raises((PermanentFailure, ValidationError)):
        exported(shared, acme(), table=table, columns=["id"])


def test_no_condition_leads_out(shared: Settings) -> None:
    for where in (
        [{"column": "tenant", "op": "=", "value": "globex"}],
        [{"column": "id", "op": "in", "value": ["job-001", "job-002"]}],
    ):
        assert exported(shared, acme(), table="jobs", columns=["id"], where=where) == []


@pytest.mark.parametrize(("table", "column"), [("job_results", "job_id"), ("artifacts", "job_id")])
def test_what_is_about_a_job_is_read_of_own_jobs_only(
    shared: Settings, table: str, column: str
) -> None:
    found = {row[column] for row in exported(shared, acme(), table=table, columns=[column])}

    assert found
    assert found <= set(OURS)


def test_what_does_not_tell_whose_it_is_is_closed(shared: Settings) -> None:
    with pytest.raises(PermanentFailure) as refusal:
        exported(shared, acme(), table="schedule_ticks")

    assert str(refusal.value) == (
        "table 'schedule_ticks' of source 'tally' does not tell whose its rows are, so jobs of a key that "
        "is bound to a tenant may not read it (sources.tally.tenant_column)"
    )


def test_a_job_that_only_carries_the_name_of_a_tenant_reads_all(shared: Settings) -> None:
    assert len(exported(shared, context(tenant="acme"), table="jobs", columns=["id"])) == 60


@pytest.mark.parametrize("given", [{}, {"tenant": "globex"}])
def test_a_query_gets_the_tenant_of_the_job_whatever_it_asks_for(
    shared: Settings, shared_record: str, given: dict[str, str]
) -> None:
    mine = shared.but(sources={"shop": SourceSettings(url=shared_record, queries=QUERIES)})

    rows = exported(mine, acme(), source="shop", query="own_names", parameters=given)

    assert rows == [{"name": "acme"}]
    with pytest.raises(PermanentFailure, match=r"^query 'all_names' reads rows of all tenants, so"):
        exported(mine, acme(), source="shop", query="all_names")


def test_a_source_of_ones_own_is_closed_unless_a_column_tells_the_tenant(
    shared: Settings, shared_record: str
) -> None:
    source = {"url": shared_record, "tables": ["jobs"]}
    closed = shared.but(sources={"shop": SourceSettings(**source)})
    opened = shared.but(sources={"shop": SourceSettings(**source, tenant_column="tenant")})

    with pytest.raises(PermanentFailure, match=r"\(sources\.shop\.tenant_column\)$"):
        exported(closed, acme(), source="shop", table="jobs")
    assert len(exported(opened, acme(), source="shop", table="jobs", columns=["id"])) == len(OURS)


@pytest.mark.parametrize(
    ("report", "values"),
    [
        ("failures_of_a_week", {"last_day": "2026-01-02"}),
        ("queue_activity_of_a_day", {"day": "2026-01-02"}),
    ],
)
def test_a_shipped_report_tells_a_confined_job_of_its_tenant_only(
    shared: Settings, report: str, values: dict[str, str]
) -> None:
    def rows(given: Any, **more: str) -> dict[str, int]:
        payload = {"report": report, "format": "csv", "parameters": {**values, **more}}
        with AtWork(report_worker, shared) as worker:
            result = worker.run("generate_report", payload, given)
        with open_store(shared.artifacts).open(result["artifact"]["id"]) as file:
            text = file.read().decode("utf-8-sig")
        others = {f"job-{number:03}" for number in range(60)} - set(OURS)
        assert ("acme" in given.tenant and given.is_confined) == (
            not any(o in text for o in others)
        )
        return dict(result["rows"])

    assert rows(acme()) == rows(acme(), tenant="globex")
    assert rows(context()) != rows(acme())


def test_a_report_that_does_not_ask_for_a_tenant_is_closed(shared: Settings, tmp_path: Any) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / "open.yaml").write_text(
        json.dumps(
            {
                "title": "x",
                "datasets": {"a": "SELECT 1 AS n"},
                "layout": [{"table": "a", "title": "x"}],
            }
        )
    )
    own = shared.but(report=shared.report.model_copy(update={"folder": folder}))

    with AtWork(report_worker, own) as worker, pytest.raises(PermanentFailure) as refusal:
        worker.run("generate_report", {"report": "open", "format": "csv"}, acme())

    assert str(refusal.value) == (
        "report 'open' reads rows of all tenants, so jobs of a key that is bound to one may not have it; a "
        "query that asks for :tenant would be open to them"
    )
