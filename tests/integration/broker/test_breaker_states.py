"""How a breaker goes from state to state, step by step: what is counted, forgotten, told, and rung when."""

from __future__ import annotations

import time
from typing import Any

import pytest

from backend.broker.jobs.gates.breakers import RedisBreakers
from backend.domain.jobs.options.breaker import Breaker
from backend.domain.jobs.options.breaker_state import BreakerState, BreakerStatus
from tests.integration.broker.bench import Bench
from tests.integration.broker.test_breaker import (
    GATE,
    HOST,
    bound,
    opened,
    rest_is_over,
    settle,
    status,
)


def _found(bench: Bench) -> BreakerState:
    return RedisBreakers(bench.redis, bench.keys).find(HOST)


def _ring(bench: Bench) -> None:
    """Its alarm is due, and a scheduler looks."""
    bench.redis.zadd(bench.keys.alarms, {GATE: 1})
    bench.functions.call("promote", 10, 0)


def _alarm_ahead(bench: Bench) -> float:
    """In how many seconds it rings."""
    at: Any = bench.redis.zscore(bench.keys.alarms, GATE)
    return float(at) / 1000 - time.time()


def _is_old(bench: Bench) -> None:
    """It has been as it is for years."""
    bench.redis.hset(bench.keys.breaker(HOST), "at", 1)


def _half_open(bench: Bench, *waiting: str) -> Any:
    """The probe that runs."""
    opened(bench, *waiting)
    rest_is_over(bench)
    [probe] = bench.claim(9)
    return probe


def _ramping(bench: Bench, *waiting: str) -> None:
    probe = _half_open(bench, *waiting)
    assert settle(bench, probe.id, probe.fence, "finished") == 1
    assert status(bench) is BreakerStatus.RAMPING


def test_a_rule_that_cannot_be_read_is_the_one_that_holds_where_none_is_said(bench: Bench) -> None:
    bench.seed(*(bound(f"j{n}") for n in range(5)))
    held = bench.claim(9)
    for job in held[:4]:
        settle(bench, job.id, job.fence, "retried!none at all!0!no")
    assert status(bench) is BreakerStatus.CLOSED

    settle(bench, held[4].id, held[4].fence, "retried!none at all!0!no")

    assert status(bench) is BreakerStatus.OPEN


def test_failures_that_lie_close_together_count_wherever_the_count_began(bench: Bench) -> None:
    rule = Breaker(failures=3, within=600, rest=60).text
    bench.seed(*(bound(f"j{n}") for n in range(4)))
    for job, seconds in zip(bench.claim(9), (0, 400, 250, 150), strict=True):
        bench.redis.hincrby(bench.keys.breaker(HOST), "bucket", -1000 * seconds)
        settle(bench, job.id, job.fence, f"retried!{rule}!0!no")

    assert status(bench) is BreakerStatus.OPEN


def test_whoever_finds_that_its_rest_is_over_sets_the_alarm_that_was_lost(bench: Bench) -> None:
    opened(bench, "a")
    bench.redis.hset(bench.keys.breaker(HOST), "probe_at", 1)
    bench.redis.delete(bench.keys.alarms)
    bench.seed(bound("b"))

    assert bench.claim(9) == []

    assert 50 < _alarm_ahead(bench) <= 60


@pytest.mark.parametrize(("waiting", "seconds"), [(("a", "b"), 60), ((), 3600)])
def test_a_half_open_one_is_looked_at_again_later_where_nobody_waits(
    bench: Bench, waiting: tuple[str, ...], seconds: int
) -> None:
    _half_open(bench, *waiting)

    _ring(bench)

    assert seconds - 10 < _alarm_ahead(bench) <= seconds


def test_as_many_probes_go_as_its_rule_says(bench: Bench) -> None:
    bench.seed(*(bound(f"j{n}") for n in range(4)))
    [held] = bench.claim(1)
    rule = Breaker(failures=1, within=60, rest=60, probes=2).text
    settle(bench, held.id, held.fence, f"retried!{rule}!0!no")
    assert bench.claim(9) == []
    rest_is_over(bench)

    assert len(bench.claim(9)) == 2


def test_a_half_open_one_is_not_forgotten_while_its_probe_runs(bench: Bench) -> None:
    _half_open(bench)
    _is_old(bench)

    _ring(bench)

    assert status(bench) is BreakerStatus.HALF_OPEN


def test_nor_while_its_probe_is_on_the_way(bench: Bench) -> None:
    opened(bench)
    rest_is_over(bench)
    bench.functions.call("promote", 10, 0)
    assert bench.queue() == ["first"]
    _is_old(bench)

    _ring(bench)

    assert status(bench) is BreakerStatus.HALF_OPEN


def test_a_failure_in_a_ramp_that_is_not_enough_lets_nothing_of_it_expire(bench: Bench) -> None:
    _ramping(bench, "a", "b")
    [held] = bench.claim(1)
    rule = Breaker(failures=1, ratio=0.9, within=60, rest=60).text

    settle(bench, held.id, held.fence, f"retried!{rule}!0!no")

    assert status(bench) is BreakerStatus.RAMPING
    assert bench.redis.pttl(bench.keys.breaker(HOST)) == -1


def test_a_ramp_goes_on_while_somebody_is_on_the_way(bench: Bench) -> None:
    _ramping(bench, "a")
    assert (bench.queue(), bench.parked(GATE)) == (["a"], [])

    _ring(bench)

    assert status(bench) is BreakerStatus.RAMPING


def test_a_ramp_rings_again_and_not_at_once(bench: Bench) -> None:
    _ramping(bench, "a", "b", "c")
    before = time.time()

    _ring(bench)

    at: Any = bench.redis.zscore(bench.keys.alarms, GATE)
    assert before + 0.04 < at / 1000 < time.time() + 1


def test_nothing_of_an_outage_is_told_once_it_is_over(bench: Bench) -> None:
    _ramping(bench)

    _ring(bench)

    kept: Any = bench.redis.hgetall(bench.keys.breaker(HOST))
    left = {"since", "probe_at", "at", "started", "error", "by", "reason"}
    assert not {name.decode() for name in kept} & left


def test_one_that_opens_by_itself_after_a_person_had_opened_it_names_nobody(bench: Bench) -> None:
    bench.functions.call("breaker", "ada", "they move house", HOST, "open")
    bench.seed(bound("a"), bound("b"), bound("c"))
    assert bench.claim(9) == []
    bench.functions.call("breaker", "ada", "done", HOST, "closed")
    [held, *_] = bench.claim(9)
    rule = Breaker(failures=1, within=60, rest=60).text

    settle(bench, held.id, held.fence, f"retried!{rule}!0!no")

    found = _found(bench)
    assert (found.status, found.by, found.reason) == (BreakerStatus.OPEN, "", "")
    assert found.probe_at is not None


def test_one_that_a_person_opened_rings_no_alarm_and_ends_by_no_look_at_it(bench: Bench) -> None:
    opened(bench, "a")
    bench.functions.call("breaker", "ada", "they move house", HOST, "open")

    assert bench.functions.call("usher", 10, 10) == 0

    assert _found(bench).is_by_hand
    assert not bench.redis.exists(bench.keys.alarms)
    assert sorted(bench.parked(GATE)) == ["a", "first"]
