"""What is kept of those who were let through a gate that time opens, and for how long."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.integration.broker.bench import Bench, new_job
from tests.integration.broker.test_breaker import HOST, bound

GATE = "rate:greet"


def _one_on_the_way(bench: Bench) -> None:
    """b is let through; c waits behind the gate."""
    bench.functions.call("rate", "ada", "", "greet", "6/60/1")
    bench.seed(new_job("a"), new_job("b"), new_job("c"))
    assert [job.id for job in bench.claim(9)] == ["a"]
    bench.redis.delete(bench.keys.spoken_for(GATE))
    assert bench.functions.call("usher", 10, 10) == 1
    assert bench.members(bench.keys.on_the_way(GATE)) == ["b"]


def _alarm_at_ms(bench: Bench) -> float:
    at: Any = bench.redis.zscore(bench.keys.alarms, GATE)
    return float(at)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _set_sent(bench: Bench, ago_ms: int, **ids: int) -> None:
    """They were let through so long ago, each so much more."""
    now = time.time_ns() // 1_000_000
    bench.redis.delete(bench.keys.on_the_way(GATE), bench.keys.alarms)
    scores = {job_id: now - ago_ms - more for job_id, more in ids.items()}
    bench.redis.zadd(bench.keys.on_the_way(GATE), scores)


def test_the_key_ends_by_itself(bench: Bench) -> None:
    _one_on_the_way(bench)

    assert 0 < bench.redis.pttl(bench.keys.on_the_way(GATE)) <= 60_000


def test_all_who_were_waited_for_long_enough_count_no_more_however_many(bench: Bench) -> None:
    _one_on_the_way(bench)
    _set_sent(bench, 60_000, **{f"late-{n}": n for n in range(700)})

    through = [bench.functions.call("usher", 10, 10) for _ in range(3)]

    assert sum(through) == 1


@pytest.mark.parametrize(
    ("ago", "least", "most"), [(0, 0, 51), (8000, 7000, 8100), (45_000, 0, 15_001)]
)
def test_the_longer_somebody_is_on_the_way_the_later_is_the_next_look(
    bench: Bench, ago: int, least: int, most: int
) -> None:
    _one_on_the_way(bench)
    before = _now_ms()
    _set_sent(bench, ago, b=0)

    assert bench.functions.call("usher", 10, 10) == 0

    # Until the usher looks, who is on the way is so for longer, and is looked for that much later.
    after = _now_ms()
    assert before + least - 1 <= _alarm_at_ms(bench) <= after + most + 1 + (after - before)


def test_who_was_let_through_by_an_earlier_release_blocks_nobody(bench: Bench) -> None:
    _one_on_the_way(bench)
    bench.redis.delete(bench.keys.on_the_way(GATE))
    old = f"rq:tally:passed:{GATE}"
    bench.redis.sadd(old, "b", *(f"gone-{n}" for n in range(200)))

    assert bench.functions.call("usher", 10, 10) == 1

    assert bench.parked(GATE) == []
    assert bench.redis.exists(old) == 0


def test_moments_ahead_of_a_clock_that_was_set_back_count_no_more(bench: Bench) -> None:
    _one_on_the_way(bench)
    _set_sent(bench, -600_000, b=0)

    assert bench.functions.call("usher", 10, 10) == 1


def test_one_who_has_gone_unsaid_is_found_behind_others_in_time(bench: Bench) -> None:
    """More than are looked at, none of whom is there: as if foreign hands had deleted them."""
    _one_on_the_way(bench)
    _set_sent(bench, 1000, **{f"gone-{n}": n for n in range(250)})

    through = [bench.functions.call("usher", 10, 10) for _ in range(3)]

    assert sum(through) == 1
    assert bench.parked(GATE) == []


def test_no_key_is_left_without_an_end_when_all_jobs_are(bench: Bench) -> None:
    ids = []
    for n in range(5):
        share = {"rate_share": f"1/1/5/0.2/1/api:customer{n}", "tenant": f"t{n}"}
        ids += bench.seed(*(new_job(options=share) for _ in range(3)))
    for job in bench.claim(20):
        bench.settle(job, "finished", body="1")
    while bench.promote()[1] >= 0 and len(bench.queue()) < 5:
        bench.redis.blpop("nothing", timeout=0.05)

    bench.cancel(*(job_id for job_id in ids if bench.field(job_id, "status") == "queued"))
    while bench.promote()[1] >= 0:
        bench.redis.blpop("nothing", timeout=0.05)
    bench.functions.call("usher", 100, 200)

    kept = [key.decode() for key in bench.redis.scan_iter("rq:tally:*") if bench.redis.ttl(key) < 0]
    assert not [key for key in kept if "customer" in key]


def test_a_withdrawn_job_that_no_gate_let_through_costs_no_command_more(bench: Bench) -> None:
    def commands_of_canceling(*job_ids: str) -> int:
        bench.redis.config_resetstat()
        bench.cancel(*job_ids)
        stats = bench.redis.info("commandstats")
        return sum(each["calls"] for name, each in stats.items() if name != "cmdstat_fcall")

    bench.seed(new_job("a"), new_job("b"))
    bench.cancel("a")

    assert commands_of_canceling("b") <= 16


def test_a_destination_that_was_away_is_forgotten_when_those_who_came_back_are_withdrawn(
    bench: Bench,
) -> None:
    bench.functions.call("breaker", "ada", "", HOST, "open")
    bench.seed(*(bound(f"j{n}") for n in range(130)))
    while bench.queue():
        bench.claim(200)
    bench.functions.call("breaker", "ada", "", HOST, "closed")
    bench.redis.hset(bench.keys.breaker(HOST), "at", time.time_ns() // 1_000_000 - 8000)
    bench.promote()
    assert len(bench.queue()) > 100

    bench.cancel(*(f"j{n}" for n in range(130)))

    assert bench.promote()[1] == -1
    assert bench.redis.exists(bench.keys.breakers, bench.keys.alarms) == 0
    assert json.loads(bench.redis.hget(bench.keys.breaker(HOST), "trips") or b"0") == 0


def test_an_usher_sets_right_what_a_clock_that_was_set_back_holds(bench: Bench) -> None:
    bench.functions.call("breaker", "ada", "", HOST, "open")
    bench.seed(bound("a"), bound("b"))
    assert bench.claim(9) == []
    bench.functions.call("breaker", "ada", "", HOST, "closed")
    ahead = time.time_ns() // 1_000_000 + 600_000
    bench.redis.hset(bench.keys.breaker(HOST), "at", ahead)
    bench.redis.zadd(bench.keys.alarms, {f"breaker:{HOST}": ahead})

    bench.functions.call("usher", 10, 10)

    assert len(bench.claim(9)) == 1
    # A wait of milliseconds, not one of the ten minutes.
    assert 0 <= bench.promote()[1] <= 1000
