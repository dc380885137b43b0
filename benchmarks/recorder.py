"""How fast the record is written: a stream of finished jobs, three events each, into an empty Postgres.

    python -m benchmarks.recorder --jobs 60000 --recorders 2 --batch 4000

Starts its own Redis and Postgres, both as safe as in production. ``--order apart`` puts all acceptances
before all attempts, as after an outage; ``together`` is a platform that keeps up.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import os
import tempfile
import time
from pathlib import Path

from redis import Redis

from backend.broker.events.event_lines import SCHEMA
from backend.broker.events.event_stream import GROUP, RedisEventStream
from backend.broker.keys import Keys
from backend.broker.server.connection import connect as connect_redis
from backend.broker.server.connection import connect_blocking
from backend.domain.jobs.job_id import uuid7
from backend.embedded.servers import start_servers
from backend.history.recording.record_writer import PostgresRecordWriter
from backend.history.schema.migrator import Migrator
from backend.history.server.connection import WORKING, connect
from backend.loops.recorder import Recorder
from backend.telemetry.clock import SystemClock

KEYS = Keys("rq")
TYPES = ("send_email", "webhook", "report", "export", "cleanup")
QUEUES = ("high:email", "normal", "low")
#: Jobs that a fleet of workers has in hand at a time.
IN_HAND = 64
FIELD = "\x1f"


def main() -> None:
    """Fills the stream, lets the recorders at it, prints what it took."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--jobs", type=int, default=60_000)
    options.add_argument("--recorders", type=int, default=2)
    options.add_argument("--batch", type=int, default=4000)
    options.add_argument("--order", choices=("together", "apart"), default="together")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, start_servers(Path(folder)) as servers:
        Migrator(connect(servers.database_url)).apply()
        redis = connect_redis(servers.redis_url, command_timeout=60)
        fill(redis, chosen.jobs, together=chosen.order == "together")
        seconds = record(servers.redis_url, servers.database_url, chosen.recorders, chosen.batch)
        check(redis, servers.database_url, chosen.jobs)
    print(
        f"{chosen.order}: {chosen.jobs / seconds:,.0f} jobs/s, {3 * chosen.jobs / seconds:,.0f} events/s"
        f" with {chosen.recorders} recorder(s), batches of {chosen.batch}, {os.cpu_count()} cores"
    )


def fill(redis: Redis, jobs: int, *, together: bool) -> None:
    """Puts the lines of finished jobs into the stream, in the order in which they would happen."""
    ids = [uuid7(time.time_ns() // 1_000_000, os.urandom(10)) for _ in range(jobs)]
    if not together:
        for at in range(0, jobs, 100):
            add(redis, accepted(range(at, min(at + 100, jobs)), ids))
    for at in range(0, jobs, IN_HAND):
        numbers = range(at, min(at + IN_HAND, jobs))
        if together:
            add(redis, accepted(numbers, ids))
        fence = add(redis, attempts(numbers, ids, "started", "", ["1"])).decode()
        ended = ["1", "12.345", "", '{"sent":true,"id":"<7f3a@example.com>"}']
        add(redis, attempts(numbers, ids, "finished", fence, ended))


def add(redis: Redis, blocks: list[str]) -> bytes:
    """Appends a line; its id."""
    made = redis.xadd(KEYS.events, {SCHEMA: "".join(["0", *blocks])})
    assert isinstance(made, bytes)
    return made


def accepted(numbers: range, ids: list[str]) -> list[str]:
    """What ``enqueue`` tells, a block for each job type and queue."""
    blocks = []
    for number in numbers:
        head = ["enqueued", QUEUES[number % 3], "queued", TYPES[number % len(TYPES)], "4"]
        payload = (
            f'{{"to":"user{number}@example.com","subject":"Your order {number}",'
            '"template":"order"}'
        )
        fields = [ids[number], "", payload, '{"trace_id":"4bf92f35"}']
        blocks.append(f"\x1d{FIELD.join(head)}\x1e{FIELD.join(fields)}")
    return blocks


def attempts(numbers: range, ids: list[str], kind: str, fence: str, fields: list[str]) -> list[str]:
    """What ``claim`` and ``settle`` tell, a block for each queue and worker."""
    blocks = []
    for number in numbers:
        head = [kind, QUEUES[number % 3], f"host-{number % 8}", fence]
        blocks.append(f"\x1d{FIELD.join(head)}\x1e{FIELD.join([ids[number], *fields])}")
    return blocks


def record(redis_url: str, database_url: str, recorders: int, batch: int) -> float:
    """Seconds from the first read of any recorder until all found the stream read to its end."""
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(recorders + 1)
    done = context.Barrier(recorders + 1)
    processes = [
        context.Process(target=recorder, args=(redis_url, database_url, batch, n, ready, done))
        for n in range(recorders)
    ]
    for process in processes:
        process.start()
    ready.wait()
    began = time.monotonic()
    done.wait()
    took = time.monotonic() - began
    for process in processes:
        process.join()
    return took


def recorder(  # noqa: PLR0917 - the arguments of a process
    redis_url: str, database_url: str, batch: int, number: int, ready: object, done: object
) -> None:
    """One recorder process."""
    stream = RedisEventStream(
        connect_redis(redis_url, command_timeout=60),
        connect_blocking(redis_url),
        KEYS,
        consumer=f"recorder-{number}",
    )
    engine = connect(database_url, statement_timeout=WORKING)
    engine.connect().close()
    loop = Recorder(
        stream, PostgresRecordWriter(engine), SystemClock(), batch=batch, patience=0.001
    )
    tune()
    ready.wait()  # type: ignore[attr-defined]
    while loop.record_batch():
        pass
    done.wait()  # type: ignore[attr-defined]


def tune() -> None:
    """As the recorder's own process does: batches are garbage all at once, not bit by bit."""
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


def check(redis: Redis, database_url: str, jobs: int) -> None:
    """Everything is on record once, and acknowledged."""
    with connect(database_url, statement_timeout=60).connect() as connection:
        found = connection.exec_driver_sql(
            "SELECT (SELECT count(*) FROM jobs WHERE status = 'finished'),"
            " (SELECT count(*) FROM job_results), (SELECT count(*) FROM job_events)"
        ).one()
    assert tuple(found) == (jobs, jobs, 3 * jobs), found
    assert redis.xpending(KEYS.events, GROUP)["pending"] == 0


if __name__ == "__main__":
    main()
