"""Samples of what waits: one row a queue and minute, whoever wrote it first, and the worst of each hour."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from backend.domain.history.queue_depth import QueueDepth
from backend.history.reading.depth_store import PostgresDepthStore
from backend.history.server.connection import connect
from tests.integration.history.databases import administer, named, run

START = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
MIGRATIONS = Path(__file__).parents[3] / "migrations"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def store(engine: Engine) -> Iterator[PostgresDepthStore]:
    """Without a sample."""
    run(engine, "TRUNCATE queue_depths")
    yield PostgresDepthStore(engine)
    run(engine, "TRUNCATE queue_depths")


def _sample(minute: int, waiting: int, oldest: float = 1.0, queue: str = "high") -> QueueDepth:
    return QueueDepth(START + minute * MINUTE, queue, waiting, oldest)


def test_a_minute_is_written_once_whoever_writes_it(store: PostgresDepthStore) -> None:
    assert store.add([_sample(0, 3), _sample(0, 4, queue="low")]) == 2
    assert store.add([_sample(0, 9), _sample(0, 9, queue="low"), _sample(0, 9, queue="")]) == 1

    assert store.by_slice(START, START + HOUR, 60, "high") == [_sample(0, 3)]


def test_minutes_of_a_queue_come_back_as_they_were(store: PostgresDepthStore) -> None:
    samples = [_sample(minute, minute * 2, minute * 1.5) for minute in range(3)]
    store.add([*samples, _sample(1, 7, queue="low"), _sample(-1, 1), _sample(60, 1)])

    assert store.by_slice(START, START + HOUR, 60, "high") == samples
    assert store.by_slice(START, START + HOUR, 60, "nobody") == []


def test_an_hour_is_as_bad_as_its_worst_minute(store: PostgresDepthStore) -> None:
    store.add([_sample(5, 10, 2.0), _sample(59, 4, 90.0), _sample(60, 1, 0.5)])

    assert store.by_slice(START, START + 2 * HOUR, 3600, "high") == [
        QueueDepth(START, "high", 10, 90.0),
        QueueDepth(START + HOUR, "high", 1, 0.5),
    ]


@pytest.mark.parametrize(("late", "found"), [(0, True), (2, True), (3, False), (-1, False)])
def test_what_waited_at_an_instant_is_known_from_a_sample_near_it(
    store: PostgresDepthStore, late: int, found: bool
) -> None:
    store.add([_sample(0, 3), _sample(0, 3, queue="")])

    known = store.waiting_at(START + late * MINUTE)

    assert known == ({"high": 3, "": 3} if found else None)


def test_samples_that_are_over_their_time_are_deleted(store: PostgresDepthStore) -> None:
    store.add([_sample(0, 3), _sample(1, 4)])

    assert store.prune(START + MINUTE) == 1
    assert store.by_slice(START, START + HOUR, 60, "high") == [_sample(1, 4)]


@pytest.fixture
def service(engine: Engine, store: PostgresDepthStore) -> Iterator[PostgresDepthStore]:
    """The store of an account with the rights that the services are given."""
    url = engine.url.render_as_string(hide_password=False)
    administer(url, "DROP ROLE IF EXISTS tally_sampler", "CREATE ROLE tally_sampler LOGIN")
    run(engine, "SELECT grant_service_rights('tally_sampler')")
    account = connect(named(url, engine.url.database or "", "tally_sampler"))
    yield PostgresDepthStore(account)
    account.dispose()
    run(engine, "DROP OWNED BY tally_sampler")
    administer(url, "DROP ROLE tally_sampler")


def test_an_account_with_the_services_rights_samples_and_prunes(
    service: PostgresDepthStore,
) -> None:
    assert service.add([_sample(0, 3)]) == 1
    assert service.prune(START + HOUR) == 1


def test_an_account_that_had_its_rights_before_gets_those_to_the_new_table(
    engine: Engine, service: PostgresDepthStore
) -> None:
    migration = (MIGRATIONS / "20260130_020_queue_depths.sql").read_text()
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE queue_depths"))
        connection.exec_driver_sql(migration.replace("%", "%%"))

    assert service.add([_sample(0, 3)]) == 1
    assert service.prune(START + HOUR) == 1
