"""The ``freeze`` and ``plan`` steps and what they leave: windows, alarms, counts of commands."""

from __future__ import annotations

import time

import pytest

from tests.integration.broker.bench import Bench, new_job
from tests.meanwhile import Meanwhile

TYPE, LANE = "type:greet", "lane:default"
GATE = f"frozen:{TYPE}"
DAY = 86_400_000


def _now() -> int:
    return time.time_ns() // 1_000_000


def _freeze(
    bench: Bench, what: str, *, begins: int = -1000, lasts: int = DAY, ramp: int = 0
) -> int:
    """In milliseconds from now; when it ends."""
    starts = _now() + begins
    window = (what, starts, starts + lasts, ramp)
    assert bench.functions.call("freeze", "ada", "why", "nightly", "{}", *window) == 1
    return starts + lasts


def _started(bench: Bench, most: int = 9) -> list[str]:
    return [job.id for job in bench.claim(most)]


def _alarms(bench: Bench) -> dict[str, int]:
    found = bench.redis.zrange(bench.keys.alarms, 0, -1, withscores=True)
    return {gate.decode(): int(at) for gate, at in found}


def _commands_of_a_claim(bench: Bench) -> int:
    bench.seed(*[new_job() for _ in range(3)])
    bench.redis.config_resetstat()
    bench.claim(3)
    stats = bench.redis.info("commandstats")
    return sum(each["calls"] for name, each in stats.items() if name != "cmdstat_fcall")


def test_without_a_freeze_a_claim_sends_no_more_commands(bench: Bench) -> None:
    bench.claim()

    assert _commands_of_a_claim(bench) <= 22


@pytest.mark.parametrize("what", ["queue:other", "lane:other", "type:other", "tenant:other"])
def test_a_freeze_of_something_else_costs_six_commands_a_claim(bench: Bench, what: str) -> None:
    bench.claim()
    plain = _commands_of_a_claim(bench)
    _freeze(bench, what)

    assert _commands_of_a_claim(bench) <= plain + 6


def test_its_alarm_is_set_for_its_end(bench: Bench) -> None:
    ends = _freeze(bench, TYPE)

    assert _alarms(bench) == {GATE: ends}


def test_an_alarm_that_was_lost_is_set_again_by_a_claim_and_by_the_usher(bench: Bench) -> None:
    ends = _freeze(bench, TYPE)
    bench.seed(new_job("a"))
    bench.redis.delete(bench.keys.alarms)
    assert _started(bench) == []
    assert _alarms(bench) == {GATE: ends}
    bench.redis.delete(bench.keys.alarms)

    assert bench.functions.call("usher", 10, 10) == 0

    assert _alarms(bench) == {GATE: ends}


def test_who_waits_behind_a_window_that_was_lost_is_let_through_by_the_usher(bench: Bench) -> None:
    _freeze(bench, TYPE)
    bench.seed(new_job("a"))
    assert _started(bench) == []
    bench.redis.delete(bench.keys.frozen)

    assert bench.functions.call("usher", 10, 10) == 1

    assert _started(bench) == ["a"]


@pytest.mark.parametrize(("lane", "queue"), [("default", "normal"), ("email", "low:email")])
def test_its_end_wakes_the_workers_of_its_lane(bench: Bench, lane: str, queue: str) -> None:
    _freeze(bench, f"lane:{lane}")
    bench.seed(new_job("a", queue=queue))
    assert bench.claim(9, (queue,), lanes=(lane,)) == []
    assert bench.redis.llen(bench.keys.wake(lane)) == 0
    bench.functions.call("freeze", "ada", "", "nightly", "")

    bench.functions.call("promote", 10, 0)

    assert bench.redis.llen(bench.keys.wake(lane)) == 1


def test_a_window_is_forgotten_when_its_ramp_is_over(bench: Bench) -> None:
    _freeze(bench, TYPE, begins=-5000, lasts=4000, ramp=10)

    bench.functions.call("promote", 10, 0)

    assert (bench.redis.exists(bench.keys.frozen), _alarms(bench)) == (0, {})


def test_what_is_over_of_one_is_forgotten_and_what_holds_of_others_stays(bench: Bench) -> None:
    now = _now()
    words = ("ada", "why", "move", "{}", "lane:email", now - 5000, now + DAY, 0)
    assert bench.functions.call("freeze", *words) == 1
    _freeze(bench, "lane:other", begins=-6000, lasts=7000, ramp=DAY)
    bench.functions.call("freeze", "ada", "why", "done", "{}", TYPE, now - 5000, now - 1000, 10)

    bench.functions.call("promote", 10, 0)

    left = [member.split("\x1f")[0] for member in bench.members(bench.keys.frozen)]
    assert sorted(left) == ["lane:email", "lane:other"]


def test_the_scheduler_is_woken_for_an_alarm_that_is_the_next_and_for_no_later_one(
    bench: Bench,
) -> None:
    _freeze(bench, TYPE)
    assert bench.wake_tokens("scheduler") == 1
    bench.redis.delete(bench.keys.wake("scheduler"))

    words = ("ada", "why", "move", "{}", LANE, _now() - 1000, _now() + 2 * DAY, 0)
    bench.functions.call("freeze", *words)

    assert bench.wake_tokens("scheduler") == 0


def test_an_alarm_that_rings_too_soon_is_set_for_the_end_though_jobs_wait(bench: Bench) -> None:
    ends = _freeze(bench, TYPE, ramp=60_000)
    bench.seed(new_job("a"))
    assert _started(bench) == []
    bench.redis.zadd(bench.keys.alarms, {GATE: 1})

    bench.functions.call("promote", 10, 0)

    assert _alarms(bench) == {GATE: ends}


@pytest.mark.parametrize("what", [TYPE, LANE])
def test_during_the_ramp_the_alarm_rings_again_but_not_at_once(bench: Bench, what: str) -> None:
    _freeze(bench, what, ramp=60_000)
    bench.seed(*[new_job() for _ in range(3)])
    assert _started(bench) == []
    bench.functions.call("freeze", "ada", "", "nightly", "")
    before = _now()

    bench.functions.call("promote", 10, 0)

    assert before + 200 <= _alarms(bench)[f"frozen:{what}"] < before + 30_000


def test_where_nobody_waits_the_ramp_is_looked_at_again_when_it_is_over(bench: Bench) -> None:
    ends = _freeze(bench, TYPE, begins=-5000, lasts=4000, ramp=DAY)
    bench.redis.zadd(bench.keys.alarms, {GATE: 1})

    bench.functions.call("promote", 10, 0)

    assert _alarms(bench) == {GATE: ends + DAY}


def test_of_one_that_is_lifted_before_it_begins_nothing_is_left(bench: Bench) -> None:
    _freeze(bench, TYPE, begins=60_000, ramp=DAY)

    bench.functions.call("freeze", "ada", "", "nightly", "")

    assert not bench.redis.exists(bench.keys.frozen)


def test_very_many_who_waited_are_let_through_page_by_page(bench: Bench) -> None:
    _freeze(bench, TYPE)
    ids = bench.seed(*[new_job() for _ in range(250)])
    while bench.redis.llen(bench.keys.queue("normal")):
        assert _started(bench) == []
    bench.functions.call("freeze", "ada", "", "nightly", "")

    bench.functions.call("promote", 10, 0)
    assert bench.redis.llen(bench.keys.queue("normal")) == 200
    bench.functions.call("promote", 10, 0)

    assert bench.redis.llen(bench.keys.queue("normal")) == 250
    assert _started(bench, 250) == ids


def test_what_is_no_window_stops_nobody(bench: Bench) -> None:
    bench.tampered = True
    bench.redis.zadd(bench.keys.frozen, {"type:greet for ever": 0})
    bench.seed(new_job("a"))

    assert _started(bench) == ["a"]


@pytest.mark.parametrize(
    "options", ["no JSON", "[]", '"tenant"', '{"tenant":7}', '{"x":{"tenant":"acme"}}']
)
def test_options_without_a_tenant_of_ours_stop_nobody(bench: Bench, options: str) -> None:
    bench.tampered = True
    _freeze(bench, "tenant:acme")
    bench.seed(new_job("a"))
    bench.redis.hset(bench.keys.job("a"), "options", options)

    assert len(bench.functions.call("claim", "w1", 1000, 1, 0, "normal", 0)) == 1


def test_the_word_is_kept_among_the_controls_and_a_lift_by_the_record_is_obeyed(
    bench: Bench,
) -> None:
    _freeze(bench, LANE)
    bench.seed(new_job("a"))
    assert _started(bench) == []
    version = int(bench.redis.get(bench.keys.controls_version)) + 1

    said = ("freeze:nightly", "", version, "grace", "from the record", 1)
    assert bench.functions.call("adopt", 1, "default", *said) == 1

    assert _started(bench) == ["a"]


def test_jobs_let_through_a_rate_into_a_frozen_queue_hold_up_nobody(bench: Bench) -> None:
    bench.functions.call("rate", "ada", "", "greet", "6/60/1")
    bench.seed(new_job("a", queue="high"), new_job("b", queue="high"), new_job("c"))
    assert _started(bench) == ["a"]
    bench.redis.delete(bench.keys.spoken_for("rate:greet"))
    bench.functions.call("usher", 10, 1)
    _freeze(bench, "queue:high")

    bench.functions.call("usher", 10, 10)

    assert _started(bench) == ["c"]


def test_an_alarm_of_a_queue_or_lane_that_was_lost_is_set_again_by_a_claim(bench: Bench) -> None:
    ends = _freeze(bench, LANE)
    bench.redis.delete(bench.keys.alarms)

    assert _started(bench) == []

    assert _alarms(bench) == {f"frozen:{LANE}": ends}


def test_what_is_counted_of_a_ramp_is_forgotten_with_it(bench: Bench) -> None:
    _freeze(bench, LANE, begins=-5000, lasts=4000, ramp=60_000)
    bench.seed(new_job("a"))

    assert _started(bench) == ["a"]

    [counted] = bench.redis.keys("rq:tally:ramp:*")
    assert bench.redis.get(counted) == b"1"
    assert 0 < bench.redis.pttl(counted) <= 60_000


def test_during_the_ramp_who_is_let_through_is_counted_and_the_alarm_rings_again(
    bench: Bench,
) -> None:
    _freeze(bench, TYPE, ramp=60_000)
    bench.seed(*[new_job() for _ in range(30)])
    assert _started(bench, 30) == []
    meanwhile = Meanwhile()
    bench.functions.call("freeze", "ada", "", "nightly", "")

    bench.functions.call("promote", 10, 0)

    [counted] = bench.redis.keys("rq:tally:ramp:*")
    through = int(bench.redis.get(counted))
    # One at once, and one more each second.
    assert 1 <= through <= 1 + meanwhile.seconds
    assert len(bench.parked(GATE)) == 30 - through
    assert _alarms(bench)[GATE] < _now() + 30_000
