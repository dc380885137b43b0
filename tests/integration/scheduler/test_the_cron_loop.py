"""The loop that fires schedules: one leads and brings the configuration in; no local clock counts."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from freezegun import freeze_time
from sqlalchemy import text

from backend.broker.jobs.job_queue import RedisJobQueue
from backend.broker.schedules.leadership import RedisLeadership
from backend.broker.server.connection import connect as connect_redis
from backend.domain.errors import HistoryUnavailable, MigrationError, QueueUnavailable
from backend.domain.schedules.schedule_tick import TickOutcome
from backend.history.schedules.schedule_store import PostgresTickBook
from backend.history.server.connection import connect
from tests.eventually import eventually
from tests.integration.history.databases import database
from tests.integration.scheduler.scheduler_house import LEASE_SECONDS, SchedulerHouse

MILLISECOND, SECOND = timedelta(milliseconds=1), timedelta(seconds=1)


def test_only_the_leader_fires(house: SchedulerHouse) -> None:
    house.create()
    house.stand_still_since("nightly", 2 * SECOND)
    leader, other = house.cron("leader"), house.cron("other")

    leader.run_once()
    other.run_once()

    assert len(house.ticks()) == 1
    assert other.run_once() == LEASE_SECONDS / 3


def test_another_takes_over_at_once_when_the_leader_stops_in_order(house: SchedulerHouse) -> None:
    leader, other = house.cron("leader"), house.cron("other")
    leader.run_once()
    other.run_once()
    house.create()
    house.stand_still_since("nightly", 2 * SECOND)

    leader.close()
    other.run_once()

    assert len(house.ticks()) == 1


def test_a_leader_that_cannot_reach_redis_lets_another_fire(house: SchedulerHouse) -> None:
    house.create()
    house.stand_still_since("nightly", 2 * SECOND)
    nowhere = connect_redis("redis://127.0.0.1:1/0")
    queue = RedisJobQueue(nowhere, nowhere, house.keys)
    cut_off = house.cron("cut-off", runner=house.runner(queue=queue))
    other = house.cron("other")

    with pytest.raises(QueueUnavailable):
        cut_off.run_once()
    other.run_once()

    assert [tick.outcome for tick in house.ticks()] == [TickOutcome.RAN]


def test_a_scheduler_of_the_last_release_beside_fires_nothing_twice(house: SchedulerHouse) -> None:
    """It leads by a key in Redis, this one by a row in Postgres: for the time of a deploy both lead."""
    house.create()
    last = house.cron("last", leadership=RedisLeadership(house.redis, house.keys))
    this = house.cron("this")

    for _ in range(3):
        house.stand_still_since("nightly", 2 * SECOND)
        threads = [threading.Thread(target=loop.run_once) for loop in (last, this)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    ran = [tick for tick in house.ticks() if tick.outcome is TickOutcome.RAN]
    assert len({tick.job_id for tick in ran}) == len(ran) == len(house.jobs())


def test_a_new_leader_brings_the_configuration_in_once(house: SchedulerHouse) -> None:
    seeded: list[str] = []
    loop = house.cron("leader", seed=lambda: seeded.append("seeded"))

    for _ in range(3):
        loop.run_once()
    assert seeded == ["seeded"]

    loop.close()
    loop.run_once()
    assert seeded == ["seeded"] * 2


def test_it_runs_until_it_is_stopped(house: SchedulerHouse) -> None:
    house.create(interval=1)
    stop, loop = threading.Event(), house.cron("leader")
    thread = threading.Thread(target=loop.run, args=(stop,))
    thread.start()

    eventually(lambda: len(house.jobs()) >= 2)
    stop.set()
    thread.join(60)

    assert not thread.is_alive()


@pytest.mark.parametrize("shift", [timedelta(days=-400), timedelta(days=1), timedelta(hours=1)])
def test_a_local_clock_that_is_wrong_changes_no_tick(
    house: SchedulerHouse, shift: timedelta
) -> None:
    house.create("due", interval=3600)
    planned = house.stand_still_since("due", 2 * SECOND)
    house.create("later", interval=3600)
    before = house.store.now()

    with freeze_time(datetime.now() + shift, tick=True):
        made = house.create("made", interval=3600)
        house.catch_up()
    after = house.store.now()

    (tick,) = house.ticks("due")
    assert (tick.planned_at, tick.outcome) == (planned, TickOutcome.RAN)
    assert tick.late_seconds is not None
    assert before - planned <= timedelta(seconds=tick.late_seconds) <= after - planned + MILLISECOND
    assert house.ticks("later") == house.ticks("made") == []
    assert made.next_at is not None
    begun = made.next_at - timedelta(hours=1)
    assert before.replace(microsecond=0) <= begun <= after


def test_without_postgres_it_waits_with_an_error_of_ours(house: SchedulerHouse) -> None:
    nowhere = connect("postgresql+psycopg2://tally@127.0.0.1:1/tally")

    with pytest.raises(HistoryUnavailable):
        house.runner(book=PostgresTickBook(nowhere)).step()


def test_without_its_tables_it_says_what_to_run(
    house: SchedulerHouse, scheduler_database: str
) -> None:
    with database(scheduler_database) as url:
        engine = connect(url)
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        house.book = PostgresTickBook(engine)

        with pytest.raises(MigrationError, match="tally migrate"):
            house.cron("leader").run_once()
        engine.dispose()
