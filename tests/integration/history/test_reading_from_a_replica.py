"""Search and statistics may read another server than the one that is written to; one job never does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from backend.api.config.settings import load_settings
from backend.bootstrap.platform import Platform
from backend.domain.errors import ConfigurationError, HistoryUnavailable
from backend.domain.jobs.job_filter import JobFilter
from backend.domain.jobs.job_state import JobState
from backend.embedded.servers import Servers
from backend.history.reading.history_store import PostgresHistoryStore
from backend.history.server.connection import connect
from tests.integration.history.chronicle import Chronicle
from tests.integration.history.databases import migrated_database
from tests.integration.history.lives import START, Life, events_of


@pytest.fixture(scope="module")
def behind(servers: Servers) -> Iterator[Engine]:
    """A database with every table and no job: a replica that has heard of none yet."""
    with migrated_database(servers.database_url) as url:
        engine = connect(url)
        yield engine
        engine.dispose()


@pytest.fixture
def recorded(chronicle: Chronicle) -> Chronicle:
    """One job on record."""
    chronicle.write(*events_of(Life("a", START, "send_email", "high:email", "w1")))
    return chronicle


def test_pages_and_counts_come_from_the_replica_and_one_job_does_not(
    recorded: Chronicle, behind: Engine
) -> None:
    store = PostgresHistoryStore(recorded.engine, behind)

    assert store.search(JobFilter(), 10, None).jobs == ()
    assert store.count_by_state(None).get(JobState.FINISHED, 0) == 0
    assert store.find("a") is not None


def test_without_one_all_is_read_from_the_record_and_nothing_is_said_of_its_age(
    recorded: Chronicle,
) -> None:
    page = PostgresHistoryStore(recorded.engine, recorded.engine).search(JobFilter(), 10, None)

    assert ([job.id for job in page.jobs], page.as_of) == (["a"], None)


def test_a_server_that_is_no_replica_has_no_age(recorded: Chronicle, behind: Engine) -> None:
    assert PostgresHistoryStore(recorded.engine, behind).replayed_until() is None


def test_a_replica_that_is_away_is_told(recorded: Chronicle) -> None:
    nowhere = connect("postgresql+psycopg2://nobody@127.0.0.1:1/none")

    with pytest.raises(HistoryUnavailable):
        PostgresHistoryStore(recorded.engine, nowhere).search(JobFilter(), 10, None)


def test_the_variable_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOB_QUEUE_READ_URL", "postgres://reader@replica/jobs")
    platform = Platform(load_settings())

    assert platform.reading_engine.url.host == "replica"
    assert platform.history_engine.url.host != "replica"

    monkeypatch.delenv("JOB_QUEUE_READ_URL")
    same = Platform(load_settings())
    assert same.reading_engine is same.history_engine


def test_an_address_of_something_else_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOB_QUEUE_READ_URL", "mysql://replica/jobs")

    with pytest.raises(ConfigurationError, match="postgresql://"):
        load_settings()


def test_python_callers_search_the_replica_as_pages_do(
    recorded: Chronicle, behind: Engine, servers: Servers
) -> None:
    queue = Platform(
        load_settings(
            redis_url=servers.redis_url,
            database_url=recorded.engine.url.render_as_string(hide_password=False),
            read_url=behind.url.render_as_string(hide_password=False),
        )
    ).queue_service

    assert queue.search_jobs(source="history").jobs == []
    assert queue.job_history("a").job.id == "a"
