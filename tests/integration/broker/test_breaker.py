"""The ``breaker`` step, and what breakers leave in Redis: alarms, tickets, what is forgotten, commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backend.broker.jobs.gates.breakers import RedisBreakers
from backend.domain.jobs.job import NewJob
from backend.domain.jobs.options.breaker import Breaker
from backend.domain.jobs.options.breaker_state import BreakerStatus
from tests.integration.broker.bench import Bench, new_job

HOST = "webhook:down.example.com:443"
GATE = f"breaker:{HOST}"
LOST = f"retried!{Breaker(failures=1, within=60, rest=60).text}!0!ConnectionRefusedError: no"


def bound(job_id: str) -> NewJob:
    return new_job(job_id, options={"destination": HOST})


def settle(bench: Bench, job_id: str, fence: str, kind: str) -> int:
    words = (job_id, fence, kind, 0, "", "", "1.0", "")
    return int(bench.functions.codes("settle", *words)[0])


def opened(bench: Bench, *waiting: str) -> None:
    """A breaker that one failure has opened, and jobs that were looked at since."""
    bench.seed(bound("first"))
    [held] = bench.claim(1)
    assert settle(bench, held.id, held.fence, LOST) == 1
    bench.seed(*(bound(job_id) for job_id in waiting))
    assert bench.claim(9) == []


def rest_is_over(bench: Bench) -> None:
    bench.redis.hset(bench.keys.breaker(HOST), "probe_at", 1)
    bench.redis.zadd(bench.keys.alarms, {GATE: 1})


def status(bench: Bench) -> BreakerStatus:
    return RedisBreakers(bench.redis, bench.keys).find(HOST).status


def commands(bench: Bench, act: Callable[[], Any]) -> int:
    """How many commands steps ran meanwhile."""

    def calls() -> int:
        stats: Any = bench.redis.info("commandstats")
        left_out = {"cmdstat_info", "cmdstat_fcall"}
        return sum(stat["calls"] for name, stat in stats.items() if name not in left_out)

    before = calls()
    act()
    return calls() - before


def test_an_alarm_that_was_lost_is_set_again(bench: Bench) -> None:
    opened(bench)
    bench.redis.delete(bench.keys.alarms)

    bench.functions.call("usher", 10, 10)

    [(gate, at)] = bench.redis.zrange(bench.keys.alarms, 0, -1, withscores=True)
    probe_at: Any = bench.redis.hget(bench.keys.breaker(HOST), "probe_at")
    assert (gate.decode(), at) == (GATE, float(probe_at))


def test_the_ticket_of_a_probe_that_somebody_deleted_is_free_again(bench: Bench) -> None:
    opened(bench, "a", "b")
    rest_is_over(bench)
    [probe] = bench.claim(9)
    bench.remove_hash(probe.id)

    bench.functions.call("usher", 10, 10)

    assert [held.id for held in bench.claim(9)] == ["a"]
    bench.redis.zrem(bench.keys.leases, probe.id)


def test_a_breaker_that_somebody_deleted_holds_nobody(bench: Bench) -> None:
    opened(bench, "a")
    bench.redis.delete(bench.keys.breaker(HOST), bench.keys.breakers)

    bench.functions.call("usher", 10, 10)

    assert {held.id for held in bench.claim(9)} == {"first", "a"}


def test_one_that_counts_lives_no_longer_than_what_it_counts_and_an_open_one_stays(
    bench: Bench,
) -> None:
    bench.seed(bound("a"), bound("b"))
    one, other = bench.claim(2)
    rule = Breaker(failures=2, within=60, rest=60).text
    settle(bench, one.id, one.fence, f"retried!{rule}!0!no")
    assert 60_000 < bench.redis.pttl(bench.keys.breaker(HOST)) <= 120_000

    settle(bench, other.id, other.fence, f"retried!{rule}!0!no")

    assert bench.redis.pttl(bench.keys.breaker(HOST)) == -1
    assert status(bench) is BreakerStatus.OPEN


def test_one_that_closed_remembers_for_a_while_how_often_it_opened(bench: Bench) -> None:
    opened(bench)
    rest_is_over(bench)
    [probe] = bench.claim(9)
    settle(bench, probe.id, probe.fence, "finished")
    bench.redis.zadd(bench.keys.alarms, {GATE: 1})
    bench.functions.call("promote", 10, 0)

    assert status(bench) is BreakerStatus.CLOSED
    assert bench.redis.hget(bench.keys.breaker(HOST), "trips") == b"1"
    assert 0 < bench.redis.pttl(bench.keys.breaker(HOST)) <= 120_000
    assert not bench.redis.exists(bench.keys.breakers, bench.keys.alarms)


def test_no_more_are_let_through_in_a_ramp_than_may_start(bench: Bench) -> None:
    opened(bench, "a", "b", "c")
    rest_is_over(bench)
    [probe] = bench.claim(9)
    settle(bench, probe.id, probe.fence, "finished")
    # However long the test takes, the ramp stands at its beginning.
    bench.redis.hset(bench.keys.breaker(HOST), "at", 10**14)

    def ring() -> None:
        bench.redis.zadd(bench.keys.alarms, {GATE: 1})
        bench.functions.call("promote", 10, 0)

    ring()
    ring()
    assert (len(bench.queue()), len(bench.parked(GATE))) == (1, 2)
    assert len(bench.claim(9)) == 1
    ring()
    assert (bench.queue(), len(bench.parked(GATE))) == ([], 2)


def test_a_half_open_one_that_nobody_needs_is_forgotten_after_an_hour(bench: Bench) -> None:
    opened(bench)
    bench.functions.codes("cancel", "ada", "", "", "first")
    rest_is_over(bench)
    bench.functions.call("promote", 10, 0)
    assert status(bench) is BreakerStatus.HALF_OPEN
    bench.redis.hset(bench.keys.breaker(HOST), "at", 1)
    bench.redis.zadd(bench.keys.alarms, {GATE: 1})

    bench.functions.call("promote", 10, 0)

    assert status(bench) is BreakerStatus.CLOSED


def test_what_a_person_said_is_kept_as_a_control_and_what_happened_by_itself_is_not(
    bench: Bench,
) -> None:
    opened(bench)
    assert bench.functions.call("breaker", "ada", "it is back", HOST, "closed") == 1
    assert not bench.redis.exists(bench.keys.controls)

    bench.functions.call("breaker", "ada", "they asked", HOST, "open")
    bench.functions.call("breaker", "bob", "", HOST, "closed")

    [(name, control)] = bench.redis.hgetall(bench.keys.controls).items()
    assert name.decode() == GATE
    assert b'"by":"bob"' in control
    assert b'"value":""' in control


def test_a_job_for_a_destination_that_is_well_costs_one_command_more(bench: Bench) -> None:
    bench.seed(new_job("a"), bound("b"), new_job("c"), bound("d"))
    plain, watched = (commands(bench, lambda: bench.claim(1)) for _ in range(2))
    assert watched == plain
    held = bench.claim(2)

    ends = [
        commands(bench, lambda job=job: settle(bench, job.id, job.fence, "finished"))
        for job in held
    ]

    assert ends[1] - ends[0] == 1
    assert not bench.redis.exists(bench.keys.breaker(HOST))


def test_a_breaker_that_is_open_costs_jobs_for_nowhere_no_command_each(bench: Bench) -> None:
    bench.seed(*(new_job(f"p{n}") for n in range(4)))
    one = commands(bench, lambda: bench.claim(1))
    bench.seed(*(new_job(f"q{n}") for n in range(4)))
    assert len(bench.claim(7)) == 7
    opened(bench, "x")
    bench.seed(*(new_job(f"r{n}") for n in range(10)))
    first = commands(bench, lambda: bench.claim(1))
    ten = commands(bench, lambda: bench.claim(9))

    assert ten - first < 8 * one
