"""What a job costs Redis, in numbers that need no clock: a budget that is not used up is lowered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from backend.broker.keys import Keys
from backend.broker.server import library
from backend.broker.server.connection import connect
from backend.domain.jobs.job import ClaimedJob, NewJob
from backend.embedded.redis_server import RedisOptions, RedisServer
from tests.integration.broker.bench import Bench, new_job

BATCH, ROUNDS = 64, 4
WORKER = "host-12345-worker"
PAYLOAD = '{"user_id":12345,"template":"welcome","language":"en-GB"}'


class Cost(NamedTuple):
    """Of one job, on average."""

    commands: float
    append_only_bytes: float
    stream_entries: float


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A Redis of its own, with an append-only file."""
    # While a flush of each second lasts, Redis would put off what it writes, and with it its size.
    options = RedisOptions(append_fsync="no")
    server = RedisServer(tmp_path, socket_dir=tmp_path, log=tmp_path / "log", options=options)
    server.start()
    client = connect(server.url)
    library.load(client)
    yield Bench(client, Keys("rq"))
    client.close()
    server.stop()


def jobs(number: int) -> list[NewJob]:
    """A batch with ids as long as ours and a payload as many send."""
    return [
        new_job(f"0198a0b0-0000-7000-8000-{number:06}{n:06}", payload=PAYLOAD) for n in range(BATCH)
    ]


def cost(bench: Bench, act: Callable[[int], Any]) -> Cost:
    """What a step costs a job, in some batches after the first."""
    act(0)
    before = _numbers(bench)
    for number in range(1, ROUNDS + 1):
        act(number)
    return Cost(
        *(
            (after - earlier) / (ROUNDS * BATCH)
            for after, earlier in zip(_numbers(bench), before, strict=True)
        )
    )


def _numbers(bench: Bench) -> Cost:
    calls: Any = bench.redis.info("commandstats")
    ours = {"cmdstat_info", "cmdstat_fcall", "cmdstat_xlen"}
    commands = sum(stat["calls"] for name, stat in calls.items() if name not in ours)
    written: Any = bench.redis.info("persistence")
    return Cost(commands, written["aof_current_size"], bench.redis.xlen(bench.keys.events))


def test_a_job_that_is_claimed_and_settled_in_a_batch_costs_what_it_may(bench: Bench) -> None:
    held: dict[int, list[ClaimedJob]] = {}

    def settle(number: int) -> None:
        ends = [(job.id, job.fence, "finished", 0, "", "", "1.234", "") for job in held[number]]
        words = [word for end in ends for word in end]
        assert bench.functions.codes("settle", *words) == [1] * BATCH

    enqueued = cost(bench, lambda number: bench.enqueue(*jobs(number)))
    claimed = cost(bench, lambda number: held.update({number: bench.claim(BATCH, worker=WORKER)}))
    settled = cost(bench, settle)

    assert claimed.stream_entries == settled.stream_entries == 1 / BATCH
    # A connection that is found anew in between has some commands of its own.
    assert claimed.commands + settled.commands <= 5.32
    assert enqueued.commands + claimed.commands + settled.commands <= 7.5
    assert claimed.append_only_bytes + settled.append_only_bytes <= 860


def test_a_job_that_is_enqueued_alone_costs_what_it_may(bench: Bench) -> None:
    alone = cost(bench, lambda number: [bench.enqueue(job) for job in jobs(number)])

    assert alone.stream_entries == 1
    assert alone.commands <= 9
    assert alone.append_only_bytes <= 850


@pytest.mark.parametrize(("at_once", "budget"), [(BATCH, 115), (1, 163)])
def test_a_waiting_job_takes_no_more_of_the_stream_than_it_may(
    bench: Bench, at_once: int, budget: int
) -> None:
    waiting = [job for number in range(10) for job in jobs(number)]
    for at in range(0, len(waiting), at_once):
        bench.enqueue(*waiting[at : at + at_once])
        # Several ids of one millisecond take more bytes, by chance up to eleven.
        _let_a_millisecond_pass(bench)

    taken: Any = bench.redis.memory_usage(bench.keys.events, samples=0)
    assert taken / len(waiting) <= budget


def _let_a_millisecond_pass(bench: Bench) -> None:
    """By the clock of the server."""
    began: Any = bench.redis.time()
    now = began
    while (now[0], now[1] // 1000) <= (began[0], began[1] // 1000):
        now = bench.redis.time()
