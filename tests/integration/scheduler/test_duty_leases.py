"""Who leads a duty by a row in Postgres: one at a time, by the clock of the database."""

from __future__ import annotations

import pytest

from backend.broker.schedules.leadership import RedisLeadership
from backend.broker.server.connection import connect as connect_redis
from backend.domain.errors import HistoryUnavailable, QueueUnavailable
from backend.history.schedules.duty_leases import PostgresLeadership
from backend.history.server.connection import connect
from backend.loops.joint_leadership import JointLeadership
from tests.integration.history.databases import run
from tests.integration.scheduler.scheduler_house import SchedulerHouse


@pytest.fixture
def rows(house: SchedulerHouse) -> PostgresLeadership:
    """Leads by a row."""
    return PostgresLeadership(house.engine)


@pytest.fixture
def keys(house: SchedulerHouse) -> RedisLeadership:
    """Leads by a key, as the last release does."""
    return RedisLeadership(house.redis, house.keys)


def _let_end(house: SchedulerHouse) -> None:
    run(house.engine, "UPDATE duty_leases SET ends_at = clock_timestamp()")


def test_the_first_who_asks_leads_and_renews_under_one_fence(rows: PostgresLeadership) -> None:
    fence = rows.take("cron", "a", 10)

    assert fence > 0
    assert rows.take("cron", "b", 10) == 0
    assert rows.take("cron", "a", 10) == fence
    assert rows.led() == {"cron": True, "depths": False, "relay": False, "seals": False}


def test_the_next_leader_has_a_higher_fence(
    house: SchedulerHouse, rows: PostgresLeadership
) -> None:
    first = rows.take("cron", "a", 10)
    _let_end(house)

    second = rows.take("cron", "b", 10)

    assert second > first
    assert rows.take("cron", "a", 10) == 0


def test_a_leader_whose_lease_ended_begins_a_new_leadership(
    house: SchedulerHouse, rows: PostgresLeadership
) -> None:
    first = rows.take("cron", "a", 10)
    _let_end(house)

    assert rows.take("cron", "a", 10) > first


def test_a_lease_that_was_taken_while_the_clock_was_ahead_keeps_nobody_out(
    house: SchedulerHouse, rows: PostgresLeadership
) -> None:
    first = rows.take("cron", "a", 10)
    run(house.engine, "UPDATE duty_leases SET ends_at = ends_at + interval '30 days'")

    assert rows.take("cron", "b", 10) > first
    assert rows.take("cron", "a", 10) == 0


def test_a_lease_that_others_have_configured_longer_is_kept(
    house: SchedulerHouse, rows: PostgresLeadership
) -> None:
    rows.take("cron", "a", 600)

    assert rows.take("cron", "b", 3) == 0


def test_a_copy_of_the_table_that_was_restored_gives_no_fence_again(
    house: SchedulerHouse, rows: PostgresLeadership
) -> None:
    fence = rows.take("cron", "a", 10)
    run(house.engine, "DELETE FROM duty_leases")

    assert rows.take("cron", "b", 10) > fence


def test_giving_up_lets_another_lead_at_once_and_only_the_leader_can(
    rows: PostgresLeadership,
) -> None:
    rows.take("cron", "a", 10)
    rows.give_up("cron", "b")
    assert rows.take("cron", "b", 10) == 0

    rows.give_up("cron", "a")

    assert rows.take("cron", "b", 10) > 0


def test_duties_are_led_apart(rows: PostgresLeadership) -> None:
    rows.take("cron", "a", 10)

    assert rows.take("seals", "b", 10) > 0


def test_without_postgres_nobody_leads(house: SchedulerHouse) -> None:
    nowhere = PostgresLeadership(connect("postgresql+psycopg2://nobody@127.0.0.1:1/none"))

    with pytest.raises(HistoryUnavailable):
        nowhere.take("cron", "a", 10)


def test_a_joint_leader_has_both_and_the_fence_that_redis_knows(
    rows: PostgresLeadership, keys: RedisLeadership
) -> None:
    joint = JointLeadership(rows, keys)

    assert joint.take("relay", "a", 10) == keys.take("relay", "a", 10)
    assert (rows.take("relay", "b", 10), keys.take("relay", "b", 10)) == (0, 0)

    joint.give_up("relay", "a")
    assert JointLeadership(rows, keys).take("relay", "b", 10) > 0


@pytest.mark.parametrize("holds", ["row", "key"])
def test_who_has_one_of_both_keeps_a_joint_leader_away_and_the_other_free(
    rows: PostgresLeadership, keys: RedisLeadership, holds: str
) -> None:
    by = rows if holds == "row" else keys
    by.take("relay", "last", 10)

    assert JointLeadership(rows, keys).take("relay", "this", 10) == 0

    other = keys if holds == "row" else rows
    assert other.take("relay", "third", 10) > 0


def test_a_joint_leader_that_cannot_reach_redis_keeps_no_row(
    house: SchedulerHouse, rows: PostgresLeadership
) -> None:
    nowhere = RedisLeadership(connect_redis("redis://127.0.0.1:1/0"), house.keys)

    with pytest.raises(QueueUnavailable):
        JointLeadership(rows, nowhere).take("relay", "cut off", 10)

    assert rows.take("relay", "other", 10) > 0
