"""A migrated database and a clean Redis for each test, and the bureau that works on them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis import Redis
from sqlalchemy import Engine, text

from backend.embedded.servers import Servers
from backend.history.server.connection import connect
from tests.integration.broker.bench import ERROR
from tests.integration.history.databases import be_patient, migrated_database
from tests.integration.record.bureau import Bureau

_TABLES = (
    "jobs, job_results, job_events, set_aside_events, job_statistics, stale_hours, job_outbox,"
    " event_records, event_record_jobs, job_callbacks, audit_log, job_event_seals, chain_heads,"
    " controls, shard_epochs, duty_leases, job_counts, job_tags"
)


@pytest.fixture(scope="session")
def migrated(servers: Servers) -> Iterator[str]:
    """The URL of a database that has every table."""
    with migrated_database(servers.database_url) as url:
        yield url


@pytest.fixture
def engine(migrated: str) -> Iterator[Engine]:
    """Connections to that database, with nothing in it yet."""
    engine = connect(migrated, name="test", statement_timeout=30, connections=8)
    with engine.begin() as connection:
        be_patient(connection)
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text(f"TRUNCATE {_TABLES} RESTART IDENTITY"))
    yield engine
    engine.dispose()


@pytest.fixture
def bureau(redis: Redis, servers: Servers, engine: Engine) -> Bureau:
    """Everything that keeps the books."""
    return Bureau(redis, servers.redis_url, engine)


@pytest.fixture
def office(bureau: Bureau) -> Bureau:
    """One job in each state, all of them on record."""
    bench = bureau.bench
    bench.functions.call("limit", "", "", "send_webhook", 1)
    hook = {"payload": {"url": "https://example.com/"}}
    bureau.enqueue(bureau.job("send_webhook", job_id="holder", **hook))
    bureau.enqueue(bureau.job("send_webhook", job_id="parked", **hook))
    bench.claim(2, ("normal:webhook",))
    for name in ("started", "finished", "failed", "retried"):
        bureau.enqueue(bureau.job(job_id=name, max_retries=2))
        (claimed,) = bench.claim()
        if name == "finished":
            bench.settle(claimed, "finished", body='{"ok":true}', result="eyJvayI6dHJ1ZX0=")
        elif name == "failed":
            bench.settle(claimed, "failed", body=ERROR, result="eJwDAAAAAAE=")
        elif name == "retried":
            bench.settle(claimed, "retried", body=ERROR, delay=1_000_000)
    bureau.enqueue(bureau.job(job_id="canceled"))
    bench.cancel("canceled")
    bureau.enqueue(bureau.job(job_id="scheduled", delay=1000))
    bureau.enqueue(bureau.job(job_id="queued"), bureau.job(job_id="other"))
    bureau.record()
    return bureau
