"""The ``lead`` step and `RedisLeadership`: one leader a duty, by Redis' clock."""

from __future__ import annotations

import pytest

from backend.broker.schedules.leadership import RedisLeadership
from tests.eventually import eventually
from tests.integration.broker.bench import Bench


@pytest.fixture
def leadership(bench: Bench) -> RedisLeadership:
    return RedisLeadership(bench.redis, bench.keys)


def test_the_first_who_asks_leads_for_its_lease(bench: Bench, leadership: RedisLeadership) -> None:
    fence = leadership.take("cron", "a", 600)

    held = {b"holder": b"a", b"fence": str(fence).encode()}
    assert bench.redis.hgetall(bench.keys.leader("cron")) == held
    assert 500_000 < bench.redis.pttl(bench.keys.leader("cron")) <= 600_000


def test_who_asks_second_is_refused_and_does_not_shorten_the_lease(
    bench: Bench, leadership: RedisLeadership
) -> None:
    leadership.take("cron", "a", 600)

    assert leadership.take("cron", "b", 60) == 0

    assert bench.redis.pttl(bench.keys.leader("cron")) > 500_000


def test_a_leader_renews_under_the_same_fence(bench: Bench, leadership: RedisLeadership) -> None:
    fence = leadership.take("cron", "a", 60)

    assert leadership.take("cron", "a", 600) == fence

    assert bench.redis.pttl(bench.keys.leader("cron")) > 500_000


def test_the_next_leader_has_a_higher_fence(bench: Bench, leadership: RedisLeadership) -> None:
    fence = leadership.take("cron", "a", 10)
    bench.redis.delete(bench.keys.leader("cron"))  # its lease ran out

    assert leadership.take("cron", "b", 10) > fence

    assert leadership.take("cron", "a", 10) == 0


def test_giving_up_lets_another_lead_at_once(leadership: RedisLeadership) -> None:
    fence = leadership.take("cron", "a", 10)

    leadership.give_up("cron", "a")

    assert leadership.take("cron", "b", 10) > fence


def test_only_the_leader_can_give_up(leadership: RedisLeadership) -> None:
    leadership.take("cron", "a", 10)

    leadership.give_up("cron", "b")

    assert leadership.take("cron", "b", 10) == 0


def test_a_duty_nobody_leads_can_be_given_up(bench: Bench, leadership: RedisLeadership) -> None:
    leadership.give_up("cron", "a")

    assert bench.snapshot() == {}


def test_duties_are_led_apart(leadership: RedisLeadership) -> None:
    leadership.take("cron", "a", 10)

    assert leadership.take("scheduler", "b", 10) > 0


def test_leading_works_while_memory_is_full(bench: Bench, leadership: RedisLeadership) -> None:
    bench.redis.config_set("maxmemory", 1)
    try:
        assert leadership.take("cron", "a", 10) > 0
    finally:
        bench.redis.config_set("maxmemory", 0)


def test_a_redis_that_lost_its_data_gives_no_fence_again(
    bench: Bench, leadership: RedisLeadership
) -> None:
    fence = leadership.take("cron", "a", 10)
    bench.redis.flushall()
    # A server is not away for less than the millisecond that tells two fences apart.
    eventually(lambda: _milliseconds(bench) > fence)

    assert leadership.take("cron", "a", 10) > fence


def _milliseconds(bench: Bench) -> int:
    seconds, microseconds = bench.redis.time()
    return seconds * 1000 + microseconds // 1000


@pytest.mark.parametrize("what", ["fence", "seen"])
def test_a_clock_that_was_set_back_takes_no_fence_back(
    bench: Bench, leadership: RedisLeadership, what: str
) -> None:
    ahead = bench.redis.time()[0] * 1000 + 86_400_000
    bench.redis.set(f"{bench.keys.leader('cron')}:{what}", ahead)

    assert leadership.take("cron", "a", 10) == ahead + 1


def test_who_leads_by_a_fence_of_the_last_release_keeps_it_until_its_term_is_over(
    bench: Bench, leadership: RedisLeadership
) -> None:
    key = bench.keys.leader("cron")
    bench.redis.hset(key, mapping={"holder": "a", "fence": "7"})
    bench.redis.set(f"{key}:fence", 7)

    assert leadership.take("cron", "a", 10) == 7

    leadership.give_up("cron", "a")
    assert leadership.take("cron", "a", 10) > 7


def test_the_last_release_counts_on_from_what_was_handed_out(
    bench: Bench, leadership: RedisLeadership
) -> None:
    """It hands out by `INCR`, so the counter must be a whole number, letter for letter."""
    fence = leadership.take("cron", "a", 10)

    assert bench.redis.get(f"{bench.keys.leader('cron')}:fence") == str(fence).encode()
    assert bench.redis.incr(f"{bench.keys.leader('cron')}:fence") == fence + 1
    assert leadership.take("cron", "a", 10) == fence
