"""The ``lead`` step and `RedisLeadership`: one leader a duty, by Redis' clock."""

from __future__ import annotations

import pytest

from backend.broker.schedules.leadership import RedisLeadership
from tests.integration.broker.bench import Bench


@pytest.fixture
def leadership(bench: Bench) -> RedisLeadership:
    return RedisLeadership(bench.redis, bench.keys)


def test_the_first_who_asks_leads_for_its_lease(bench: Bench, leadership: RedisLeadership) -> None:
    assert leadership.take("cron", "a", 10) == 1

    assert bench.redis.hgetall(bench.keys.leader("cron")) == {b"holder": b"a", b"fence": b"1"}
    assert 9000 < bench.redis.pttl(bench.keys.leader("cron")) <= 10_000


def test_who_asks_second_is_refused_and_does_not_shorten_the_lease(
    bench: Bench, leadership: RedisLeadership
) -> None:
    leadership.take("cron", "a", 10)

    assert leadership.take("cron", "b", 1) == 0

    assert bench.redis.pttl(bench.keys.leader("cron")) > 9000


def test_a_leader_renews_under_the_same_fence(bench: Bench, leadership: RedisLeadership) -> None:
    leadership.take("cron", "a", 1)

    assert leadership.take("cron", "a", 10) == 1

    assert bench.redis.pttl(bench.keys.leader("cron")) > 9000


def test_the_next_leader_has_a_higher_fence(bench: Bench, leadership: RedisLeadership) -> None:
    leadership.take("cron", "a", 10)
    bench.redis.delete(bench.keys.leader("cron"))  # its lease ran out

    assert leadership.take("cron", "b", 10) == 2

    assert leadership.take("cron", "a", 10) == 0


def test_giving_up_lets_another_lead_at_once(leadership: RedisLeadership) -> None:
    leadership.take("cron", "a", 10)

    leadership.give_up("cron", "a")

    assert leadership.take("cron", "b", 10) == 2


def test_only_the_leader_can_give_up(leadership: RedisLeadership) -> None:
    leadership.take("cron", "a", 10)

    leadership.give_up("cron", "b")

    assert leadership.take("cron", "b", 10) == 0


def test_a_duty_nobody_leads_can_be_given_up(bench: Bench, leadership: RedisLeadership) -> None:
    leadership.give_up("cron", "a")

    assert bench.snapshot() == {}


def test_duties_are_led_apart(leadership: RedisLeadership) -> None:
    leadership.take("cron", "a", 10)

    assert leadership.take("scheduler", "b", 10) == 1


def test_leading_works_while_memory_is_full(bench: Bench, leadership: RedisLeadership) -> None:
    bench.redis.config_set("maxmemory", 1)
    try:
        assert leadership.take("cron", "a", 10) == 1
    finally:
        bench.redis.config_set("maxmemory", 0)
