"""What blocks in Redis: promoters on the timetable, worker processes on wake calls and commands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from redis import Redis

from backend.broker.jobs.lease_book import RedisLeaseBook
from backend.broker.jobs.wake_calls import RedisWakeCalls
from backend.broker.keys import Keys
from backend.broker.schedules.timetable import RedisTimetable
from backend.broker.server.connection import connect_blocking
from backend.broker.workers.command_channel import RedisCommandChannel
from backend.domain.errors import QueueUnavailable
from backend.domain.jobs.attempts.outcome import Outcome, OutcomeKind
from backend.domain.ports import ClaimPlan, Rescued
from backend.embedded.servers import Servers
from tests.eventually import eventually
from tests.integration.broker.bench import Bench, new_job

NOWHERE = "unix:///nonexistent/redis.sock"


@pytest.fixture
def blocking(servers: Servers) -> Iterator[Redis]:
    client = connect_blocking(servers.redis_url)
    yield client
    client.close()


PLAN = [ClaimPlan("normal", 0), ClaimPlan("low:email", 0)]


def _calls(bench: Bench, blocking: Redis, *lanes: str) -> RedisWakeCalls:
    return RedisWakeCalls(
        bench.redis,
        blocking,
        bench.keys,
        worker="w1",
        lanes=lanes or ("default",),
        lease_seconds=60,
    )


def _blocked(bench: Bench) -> bool:
    return bench.redis.info("clients")["blocked_clients"] == 1


def test_a_timetable_promotes_and_tells_when_the_next_is_due(bench: Bench, blocking: Redis) -> None:
    timetable = RedisTimetable(bench.redis, blocking, bench.keys)
    bench.make_due(bench.scheduled())
    bench.scheduled(delay=100)

    moved, next_due, lateness = timetable.promote(10, 0)

    assert moved == 1
    assert 95 < (next_due or 0) <= 100
    assert lateness > 1000
    assert timetable.promote(10, 0).moved == 0


def test_an_empty_timetable_has_no_next(bench: Bench, blocking: Redis) -> None:
    assert RedisTimetable(bench.redis, blocking, bench.keys).promote(10, 0) == (0, None, 0)


def test_an_earlier_job_ends_the_wait_of_who_promotes(bench: Bench, blocking: Redis) -> None:
    timetable = RedisTimetable(bench.redis, blocking, bench.keys)
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(timetable.wait_for_change, 20)
        eventually(lambda: _blocked(bench), 5)

        bench.scheduled(delay=10)

        assert waiting.result(60) is None


def test_an_idle_worker_is_woken_by_a_job_of_its_lanes(bench: Bench, blocking: Redis) -> None:
    calls = _calls(bench, blocking, "email", "default")
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(calls.claim_when_woken, PLAN, 1, 20)
        eventually(lambda: _blocked(bench), 5)
        bench.seed(new_job(queue="low:export"))
        assert not waiting.done()

        bench.seed(new_job("a", "low:email"))

        assert [job.id for job in waiting.result(60)] == ["a"]
    assert bench.field("a", "worker_name") == "w1"


def test_redis_has_claimed_before_the_worker_hears_that_it_is_woken(
    bench: Bench, blocking: Redis
) -> None:
    calls = _calls(bench, blocking)
    calls.send(PLAN, 2, 20)
    eventually(lambda: _blocked(bench), 5)

    bench.seed(new_job("a"), new_job("b"), new_job("c"))

    assert bench.queue() == ["c"]
    assert [job.id for job in calls.receive()] == ["a", "b"]
    assert bench.wake_tokens() == 2


@pytest.mark.parametrize("kind", ["released", "returned", "crashed"])
def test_an_idle_worker_is_woken_by_a_job_that_was_given_back(
    bench: Bench, blocking: Redis, kind: str
) -> None:
    job = bench.started()
    bench.claim()

    bench.settle(job, kind)

    claimed = _calls(bench, blocking).claim_when_woken(PLAN, 1, 20)
    assert [again.id for again in claimed] == [job.id]


def test_a_job_whose_call_was_lost_is_claimed_when_the_wait_is_over(
    bench: Bench, blocking: Redis
) -> None:
    bench.seed(new_job("a"))
    bench.redis.delete(bench.keys.wake("default"))

    claimed = _calls(bench, blocking).claim_when_woken(PLAN, 1, 0.01)

    assert [job.id for job in claimed] == ["a"]


def test_nothing_is_claimed_when_nothing_comes(bench: Bench, blocking: Redis) -> None:
    calls = _calls(bench, blocking)

    assert calls.claim_when_woken(PLAN, 1, 0.01) == []
    assert calls.claim_when_woken(PLAN, 1, 0.01) == []


def test_a_wait_that_is_ended_takes_nothing_from_others(bench: Bench, blocking: Redis) -> None:
    """The claim that it had sent along is forgotten with it: no job, no call is lost."""
    calls = _calls(bench, blocking)
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(calls.claim_when_woken, PLAN, 1, 20)
        eventually(lambda: _blocked(bench), 5)

        calls.end()

        assert waiting.result(60) == []
    bench.seed(new_job("a"))
    assert (bench.queue(), bench.wake_tokens()) == (["a"], 1)
    assert calls.claim_when_woken(PLAN, 1, 20) == []
    assert bench.queue() == ["a"]


def test_what_was_claimed_before_the_end_is_still_returned(bench: Bench, blocking: Redis) -> None:
    calls = _calls(bench, blocking)
    bench.seed(new_job("a"))
    calls.send(PLAN, 1, 20)
    eventually(lambda: not bench.queue(), 5)

    calls.end()

    assert [job.id for job in calls.receive()] == ["a"]


def test_a_wait_may_be_ended_before_it_began(bench: Bench, blocking: Redis) -> None:
    calls = _calls(bench, blocking)
    bench.seed(new_job("a"))

    calls.end()

    assert calls.claim_when_woken(PLAN, 1, 20) == []
    assert bench.queue() == ["a"]


def _leased_seconds(bench: Bench, job_id: str) -> float:
    """From its claim on."""
    claimed_ms = int(str(bench.field(job_id, "fence")).partition("-")[0])
    return round((bench.redis.zscore(bench.keys.leases, job_id) - claimed_ms) / 1000)


def test_a_claim_of_which_nobody_heard_does_not_last(bench: Bench, blocking: Redis) -> None:
    """The worker may be gone, and its connection not yet."""
    calls = _calls(bench, blocking)
    bench.seed(new_job("a"))
    calls.send(PLAN, 1, 20)
    eventually(lambda: not bench.queue(), 5)
    before = _leased_seconds(bench, "a")

    calls.receive()

    eventually(lambda: _leased_seconds(bench, "a") >= 60, 5)
    assert before == 10


def test_many_waits_in_a_row_read_their_own_answers(bench: Bench, blocking: Redis) -> None:
    calls = _calls(bench, blocking)
    bench.seed(*(new_job(str(number)) for number in range(5)))

    claimed = [calls.claim_when_woken(PLAN, 2, 0.01) for _ in range(4)]

    assert [[job.id for job in jobs] for jobs in claimed] == [["0", "1"], ["2", "3"], ["4"], []]


def test_who_stood_still_for_too_long_does_not_run_what_others_have_by_now(
    bench: Bench, blocking: Redis
) -> None:
    calls = RedisWakeCalls(
        bench.redis, blocking, bench.keys, worker="w1", lanes=["default"], lease_seconds=0.03
    )
    bench.seed(new_job("a"), new_job("b"))
    calls.send(PLAN, 2, 20)
    eventually(lambda: not bench.queue(), 5)
    book = RedisLeaseBook(bench.redis, bench.keys)
    eventually(lambda: len(book.expired(9)) == 2, 5)
    [lease] = [lease for lease in book.expired(9) if lease.job_id == "a"]
    book.rescue([Rescued(lease, Outcome(OutcomeKind.RETURNED))], only_expired=True)

    assert [job.id for job in calls.receive()] == ["b"]


def test_functions_that_redis_has_lost_are_there_for_the_next_wait(
    bench: Bench, blocking: Redis
) -> None:
    calls = _calls(bench, blocking)
    bench.seed(new_job("a"))
    bench.redis.function_flush()

    with pytest.raises(QueueUnavailable, match="loaded again"):
        calls.claim_when_woken(PLAN, 1, 20)

    assert [job.id for job in calls.claim_when_woken(PLAN, 1, 0.01)] == ["a"]


def test_commands_reach_a_worker_and_nonsense_becomes_one_that_nobody_knows(
    bench: Bench, blocking: Redis
) -> None:
    channel = RedisCommandChannel(blocking, bench.keys, "w1").listen()
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(lambda: next(c for c in channel if c is not None))
        said = b"no JSON"
        eventually(lambda: bench.redis.publish(bench.keys.commands("w1"), said), 5)
        first = waiting.result(60)
        bench.redis.publish(bench.keys.commands("w1"), json.dumps(["a list"]))
        bench.redis.publish(bench.keys.commands("w1"), json.dumps({"command": "shutdown"}))

        others = [next(c for c in channel if c is not None) for _ in range(2)]

    channel.close()
    assert [first["command"], others[0]["command"]] == ["b'no JSON'", "['a list']"]
    assert others[1] == {"command": "shutdown"}


def test_without_redis_whoever_blocks_hears_it_in_our_words() -> None:
    away = connect_blocking(NOWHERE)
    timetable = RedisTimetable(away, away, Keys())
    with pytest.raises(QueueUnavailable):
        timetable.wait_for_change(1)
    calls = RedisWakeCalls(away, away, Keys(), worker="w1", lanes=["default"], lease_seconds=60)
    with pytest.raises(QueueUnavailable):
        calls.claim_when_woken(PLAN, 1, 1)
    with pytest.raises(QueueUnavailable):
        next(RedisCommandChannel(away, Keys(), "w1").listen())
