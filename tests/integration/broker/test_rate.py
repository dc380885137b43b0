"""The ``rate`` step and what it leaves: tokens, alarms, and clocks that are set back."""

from __future__ import annotations

import time
from typing import Any

from tests.integration.broker.bench import Bench, new_job

GATE = "rate:greet"


def _rate(bench: Bench, value: str = "6/60/1") -> int:
    return int(bench.functions.call("rate", "ada", "why", "greet", value))


def _started(bench: Bench, most: int = 9) -> list[str]:
    return [job.id for job in bench.claim(most)]


def test_the_same_again_says_nothing_new(bench: Bench) -> None:
    _rate(bench)
    before = bench.snapshot()

    assert _rate(bench) == 0

    assert bench.snapshot() == before


def test_a_clock_that_was_set_back_shuts_the_gate_for_one_start_at_most(bench: Bench) -> None:
    _rate(bench, "100/1/1")
    ahead = time.time_ns() // 1000 + 3_600_000_000
    bench.redis.set(bench.keys.spoken_for(GATE), ahead, px=7_200_000)
    bench.seed(new_job("a"))
    assert _started(bench) == []
    bench.redis.zadd(bench.keys.alarms, {GATE: ahead // 1000})

    # Ten milliseconds of its own clock.
    bench.redis.blpop("nothing", timeout=0.02)
    bench.functions.call("usher", 10, 10)

    assert _started(bench) == ["a"]


def test_an_alarm_that_was_lost_is_set_again(bench: Bench) -> None:
    _rate(bench)
    before = time.time() * 1000
    bench.seed(new_job("a"), new_job("b"))
    assert _started(bench) == ["a"]
    bench.redis.delete(bench.keys.alarms)

    bench.functions.call("usher", 10, 10)

    [(gate, at)] = bench.redis.zrange(bench.keys.alarms, 0, -1, withscores=True)
    assert gate.decode() == GATE
    assert before + 9_999 <= at <= time.time() * 1000 + 10_001


def test_an_alarm_wakes_the_scheduler(bench: Bench) -> None:
    _rate(bench)
    bench.seed(new_job("a"), new_job("b"))
    before = bench.redis.llen(bench.keys.wake("scheduler"))

    _started(bench)

    assert bench.redis.llen(bench.keys.wake("scheduler")) > before


def test_who_comes_while_one_waits_goes_behind_it_though_a_token_is_there(bench: Bench) -> None:
    _rate(bench)
    bench.seed(new_job("a"), new_job("b"))
    assert _started(bench) == ["a"]
    bench.redis.delete(bench.keys.spoken_for(GATE))
    bench.seed(new_job("c"))

    assert _started(bench, 1) == ["b"]

    assert bench.parked(GATE) == ["c"]


def test_what_is_no_rate_stops_nobody(bench: Bench) -> None:
    bench.tampered = True
    bench.redis.hset(bench.keys.rates, "greet", "plenty")
    bench.seed(new_job("a"))

    assert _started(bench) == ["a"]


def test_jobs_of_other_types_are_asked_nothing(bench: Bench) -> None:
    _rate(bench)
    bench.seed(new_job("a", job_type="other"))
    before = bench.redis.exists(bench.keys.spoken_for(GATE), bench.keys.alarms)

    assert _started(bench) == ["a"]

    assert bench.redis.exists(bench.keys.spoken_for(GATE), bench.keys.alarms) == before == 0


def test_without_any_rate_a_claim_sends_no_more_commands(bench: Bench) -> None:
    def commands_of_a_claim() -> int:
        bench.seed(*[new_job() for _ in range(3)])
        bench.redis.config_resetstat()
        bench.claim(3)
        stats = bench.redis.info("commandstats")
        return sum(each["calls"] for name, each in stats.items() if name != "cmdstat_fcall")

    bench.claim()
    plain = commands_of_a_claim()
    _rate(bench, "1000000/1/1000000")
    rated = commands_of_a_claim()

    assert plain <= 22
    assert rated > plain


def test_who_has_started_is_not_on_the_way_any_more(bench: Bench) -> None:
    _rate(bench)
    bench.seed(new_job("a"), new_job("b"))
    assert _started(bench) == ["a"]
    bench.redis.delete(bench.keys.spoken_for(GATE))
    assert bench.functions.call("usher", 10, 10) == 1
    on_the_way = bench.keys.on_the_way(GATE)
    assert bench.members(on_the_way) == ["b"]

    assert _started(bench) == ["b"]

    assert bench.redis.exists(on_the_way) == 0


def test_who_is_on_the_way_takes_the_place_of_one_more(bench: Bench) -> None:
    _rate(bench)
    bench.seed(new_job("a"), new_job("b"), new_job("c"))
    assert _started(bench) == ["a"]
    bench.redis.delete(bench.keys.spoken_for(GATE))

    through = [bench.functions.call("usher", 10, 10) for _ in range(2)]

    assert (through, bench.parked(GATE)) == ([1, 0], ["c"])


def test_who_comes_does_not_put_off_the_alarm_of_those_who_wait(bench: Bench) -> None:
    _rate(bench, "6/60/2")
    bench.seed(new_job("a"), new_job("b"), new_job("c"))
    assert _started(bench) == ["a", "b"]
    bench.redis.delete(bench.keys.spoken_for(GATE))
    bench.redis.zadd(bench.keys.alarms, {GATE: 1})
    bench.seed(new_job("d"))

    assert "c" in _started(bench)


def test_what_is_spoken_for_outlives_its_debt_also_below_a_second(bench: Bench) -> None:
    """As inngest's gcra.lua, whose `EX period` was 0 there: the key was gone, and the rate with it."""
    _rate(bench, "1/0.999/1")
    bench.seed(new_job())

    assert len(_started(bench)) == 1

    spoken_for: Any = bench.redis.get(bench.keys.spoken_for(GATE))
    assert bench.redis.pexpiretime(bench.keys.spoken_for(GATE)) * 1000 >= int(spoken_for)
