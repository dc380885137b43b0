"""The ``raise`` step: the next event is above every id that is known of."""

from __future__ import annotations

import pytest

from backend.broker.events.event_progress import RedisEventProgress
from backend.broker.ledger.event_floor import RedisEventFloor
from backend.domain.jobs.job_event import version_of
from tests.integration.broker.bench import Bench, new_job

HOUR = 3_600_000 << 20


@pytest.fixture
def floor(bench: Bench) -> RedisEventFloor:
    """Of this Redis' events."""
    return RedisEventFloor(bench.redis, bench.keys)


def _last(bench: Bench) -> int:
    entries = bench.redis.xrevrange(bench.keys.events, count=1)
    return version_of(entries[0][0].decode())


def test_the_next_event_is_above_what_is_known_of(bench: Bench, floor: RedisEventFloor) -> None:
    bench.seed(new_job("a"))
    known = _last(bench) + HOUR + 5

    assert floor.raise_above(known) == known

    bench.seed(new_job("b"))
    bench.seed(new_job("c"))
    assert floor.look().last_version == known + 2
    assert _last(bench) == known + 2


def test_what_is_behind_is_lifted_to_now_at_least(bench: Bench, floor: RedisEventFloor) -> None:
    seconds, microseconds = bench.redis.time()
    now = (seconds * 1000 + microseconds // 1000) << 20

    assert floor.raise_above(0) >= now


def test_it_is_never_lowered(bench: Bench, floor: RedisEventFloor) -> None:
    bench.seed(new_job("a"))
    high = floor.raise_above(_last(bench) + HOUR)

    assert [floor.raise_above(known) for known in (0, high - 1, high)] == [high, high, high]


def test_an_empty_redis_is_lifted_and_its_first_event_is_read(
    bench: Bench, floor: RedisEventFloor
) -> None:
    assert floor.look().last_version == 0

    high = floor.raise_above(HOUR * 1_000_000)

    assert floor.look().last_version == high == HOUR * 1_000_000
    bench.seed(new_job("a"))
    assert _last(bench) == high + 1
    assert RedisEventProgress(bench.redis, bench.keys).recorded() == 0


def test_it_works_while_memory_is_full(bench: Bench, floor: RedisEventFloor) -> None:
    high = floor.raise_above(0)
    bench.redis.config_set("maxmemory", 1)
    try:
        assert floor.raise_above(high + HOUR) == high + HOUR
    finally:
        bench.redis.config_set("maxmemory", 0)


def test_it_tells_which_server_answers(bench: Bench, floor: RedisEventFloor) -> None:
    seen = floor.look()

    assert seen.run_id == bench.redis.info("server")["run_id"]
    assert seen.replication_id == bench.redis.info("replication")["master_replid"]


def _lacks(bench: Bench) -> tuple[int, int]:
    found = bench.redis.hmget(bench.keys.stream, ["lacks_from", "lacks_until"])
    first, last = (int(value or 0) for value in found)
    return first, last


def test_lifted_twice_it_lacks_what_it_lacked(bench: Bench, floor: RedisEventFloor) -> None:
    bench.seed(new_job("a"))
    last = _last(bench)

    floor.raise_above(last + HOUR)
    floor.raise_above(last + 2 * HOUR)

    assert _lacks(bench) == (last >> 20, (last + 2 * HOUR) >> 20)


def test_lifted_after_its_next_event_it_lacks_what_came_since(
    bench: Bench, floor: RedisEventFloor
) -> None:
    first = floor.raise_above(HOUR * 1_000_000)
    bench.seed(new_job("a"))

    floor.raise_above(first + 2 * HOUR)

    assert _lacks(bench) == (first >> 20, (first + 2 * HOUR) >> 20)


def test_what_is_above_all_that_is_known_of_lacks_nothing(
    bench: Bench, floor: RedisEventFloor
) -> None:
    bench.seed(new_job("a"))

    floor.raise_above(_last(bench))
    # So the next millisecond is asked for when the ids of one may be used up.
    floor.raise_above(((floor.look().last_version >> 20) + 1) << 20)

    assert _lacks(bench) == (0, 0)
