"""The loop that writes down what waits: once a minute, by one of many, and only what is worth a row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis

from backend.broker.jobs.inspection import RedisInspection
from backend.broker.server.connection import connect as connect_redis
from backend.domain.errors import HistoryUnavailable, MigrationError, QueueUnavailable
from backend.history.reading.depth_store import PostgresDepthStore
from backend.history.schedules.duty_leases import PostgresLeadership
from backend.history.server.connection import connect
from backend.loops.depth_sampler import KEEP, DepthSampler
from backend.loops.leader import Leader
from tests.integration.broker.bench import Bench, new_job
from tests.integration.history.databases import database, rows, run
from tests.integration.scheduler.scheduler_house import SchedulerHouse


class _Clock:
    """Begins at a whole minute of today, and moves when a test says so."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=5)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def move(self, **length: float) -> None:
        self.at += timedelta(**length)


Make = Callable[..., DepthSampler]


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


@pytest.fixture
def bench(house: SchedulerHouse) -> Bench:
    return Bench(house.redis, house.keys)


@pytest.fixture
def sampler(house: SchedulerHouse, clock: _Clock) -> Iterator[Make]:
    """Makes the sampler of one scheduler; over other doors to the stores if given."""
    run(house.engine, "TRUNCATE queue_depths")

    def make(
        holder: str = "a", redis: Redis | None = None, book: PostgresDepthStore | None = None
    ) -> DepthSampler:
        leader = Leader(
            PostgresLeadership(house.engine), clock, duty="depths", holder=holder, lease=150
        )
        look = RedisInspection(redis or house.redis, house.keys)
        return DepthSampler(look, book or PostgresDepthStore(house.engine), leader, clock)

    yield make
    run(house.engine, "TRUNCATE queue_depths")


def _samples(house: SchedulerHouse) -> list[tuple[str, int]]:
    found = rows(house.engine, "SELECT queue, waiting FROM queue_depths ORDER BY at, queue")
    return [(row["queue"], row["waiting"]) for row in found]


def test_each_queue_is_sampled_once_a_minute_with_its_oldest_wait(
    house: SchedulerHouse, bench: Bench, sampler: Make, clock: _Clock
) -> None:
    bench.seed(new_job(), new_job(), new_job(queue="low:email"))
    loop = sampler()

    for passed_seconds in (0, 15, 30):
        assert loop.run_once() == 60 - passed_seconds
        clock.move(seconds=15)

    assert _samples(house) == [("", 3), ("low:email", 1), ("normal", 2)]
    oldest = rows(house.engine, "SELECT oldest_wait_ms / 1000.0 AS wait FROM queue_depths")
    # A minute may have begun between the clock's beginning and Redis' own instant of the jobs.
    assert all(180 < float(row["wait"]) <= 300 for row in oldest)


def test_a_queue_that_was_emptied_is_sampled_once_more(
    house: SchedulerHouse, bench: Bench, sampler: Make, clock: _Clock
) -> None:
    bench.seed(new_job())
    loop = sampler()
    loop.run_once()
    bench.claim()

    for _ in range(2):
        clock.move(minutes=1)
        loop.run_once()

    assert _samples(house) == [("", 1), ("normal", 1), ("", 0), ("normal", 0), ("", 0)]


def test_of_two_schedulers_one_samples_and_the_other_takes_over(
    house: SchedulerHouse, bench: Bench, sampler: Make, clock: _Clock
) -> None:
    bench.seed(new_job())
    first, second = sampler("a"), sampler("b")

    first.run_once()
    assert second.run_once() == 50.0
    assert _samples(house) == [("", 1), ("normal", 1)]
    first.close()
    clock.move(minutes=1)
    second.run_once()

    assert _samples(house) == [("", 1), ("normal", 1)] * 2


def test_two_that_both_believe_to_lead_write_one_row(
    house: SchedulerHouse, bench: Bench, sampler: Make
) -> None:
    bench.seed(new_job())
    first, second = sampler("a"), sampler("b")

    first.run_once()
    run(house.engine, "UPDATE duty_leases SET ends_at = clock_timestamp()")
    second.run_once()

    assert _samples(house) == [("", 1), ("normal", 1)]


def test_a_minute_in_which_a_store_is_away_is_left_out_and_the_next_is_not(
    house: SchedulerHouse, bench: Bench, sampler: Make, clock: _Clock
) -> None:
    bench.seed(new_job())
    nowhere = connect("postgresql+psycopg2://tally@127.0.0.1:1/tally")
    without_redis = sampler(redis=connect_redis("redis://127.0.0.1:1/0"))
    without_postgres = sampler(book=PostgresDepthStore(nowhere))

    with pytest.raises(QueueUnavailable):
        without_redis.run_once()
    with pytest.raises(HistoryUnavailable):
        without_postgres.run_once()
    assert _samples(house) == []
    clock.move(minutes=1)
    without_postgres._book = PostgresDepthStore(house.engine)
    without_postgres.run_once()

    assert _samples(house) == [("", 1), ("normal", 1)]


def test_without_its_table_it_says_what_to_run(sampler: Make, scheduler_database: str) -> None:
    with database(scheduler_database) as url:
        engine = connect(url)

        with pytest.raises(MigrationError, match="tally migrate"):
            sampler(book=PostgresDepthStore(engine)).run_once()
        engine.dispose()


def test_samples_older_than_fifteen_days_go_once_an_hour(
    house: SchedulerHouse, sampler: Make, clock: _Clock
) -> None:
    sql = "INSERT INTO queue_depths VALUES (:at, 'old', 1, 1)"
    clock.move(hours=-2)
    loop = sampler()
    run(house.engine, sql, at=clock.at - KEEP - timedelta(minutes=1))
    run(house.engine, sql, at=clock.at - KEEP)

    loop.run_once()
    assert _samples(house) == [("old", 1), ("", 0)]
    clock.move(minutes=59)
    loop.run_once()
    assert ("old", 1) in _samples(house)
    clock.move(minutes=1)
    loop.run_once()

    assert _samples(house) == [("", 0)] * 3


def test_a_scheduler_whose_clock_is_ahead_deletes_no_samples(
    house: SchedulerHouse, sampler: Make, clock: _Clock
) -> None:
    run(house.engine, "INSERT INTO queue_depths VALUES (:at, 'old', 1, 1)", at=clock.at)
    clock.move(days=90)

    sampler().run_once()

    assert ("old", 1) in _samples(house)
