"""PgQueuer: https://pgqueuer.readthedocs.io."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime

import asyncpg
from driver import AT_ONCE, Command, Driver, payload, python, serve
from pgqueuer import AsyncpgDriver, Queries


def _bytes(number: int) -> bytes:
    return json.dumps(payload(number), separators=(",", ":")).encode()


class OnPgQueuer(Driver):
    packages = ("pgqueuer", "asyncpg")
    configuration = (
        f"on Postgres, uvloop; batches of 1,000 for no-ops, {AT_ONCE:,} for waits, any number of which run at once,"
        " durable (its default), a look each 0.1 s where jobs are delayed, arrays of 10,000 in bulk"
    )

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._connection = self._run(asyncpg.connect(os.environ["BENCH_POSTGRES"]))
        self._queries = Queries(AsyncpgDriver(self._connection))
        if self._run(self._connection.fetchval("SELECT to_regclass('pgqueuer')")) is None:
            self._run(self._queries.install())

    def _run(self, call):
        return self._loop.run_until_complete(call)

    def clear(self) -> None:
        self._run(self._connection.execute("TRUNCATE pgqueuer, pgqueuer_log"))

    def enqueue(self, kind: str, numbers: Sequence[int]) -> None:
        async def all_of_them() -> None:
            for number in numbers:
                await self._queries.enqueue(kind, _bytes(number))

        self._run(all_of_them())

    def enqueue_many(self, kind: str, numbers: Sequence[int]) -> None:
        for at in range(0, len(numbers), 10_000):
            some = [_bytes(number) for number in numbers[at : at + 10_000]]
            self._run(self._queries.enqueue([kind] * len(some), some, [0] * len(some)))

    def enqueue_at(self, kind: str, number: int, when: datetime) -> None:
        delay = when - datetime.now(UTC)
        self._run(self._queries.enqueue(kind, _bytes(number), execute_after=delay))

    def workers(self, kind: str, processes: int) -> list[Command]:
        batch = {"noop": "1000", "wait": str(AT_ONCE), "stamp": "10"}[kind]
        look = "0.1" if kind == "stamp" else "30"
        worker = python("-m", "pgqueuer_jobs", batch, look)
        return [worker] * processes


if __name__ == "__main__":
    serve(OnPgQueuer())
