"""PgQueuer's entry points, and its worker: its own command does not start beside the latest typer."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from datetime import timedelta

import asyncpg
import runs
import uvloop
from pgqueuer import AsyncpgDriver, Job, PgQueuer


async def main(batch: int, look_seconds: float) -> None:
    """Works until it is told to stop."""
    connection = await asyncpg.connect(os.environ["BENCH_POSTGRES"])
    queuer = PgQueuer(AsyncpgDriver(connection))

    @queuer.entrypoint("noop")
    async def noop(job: Job) -> None:
        json.loads(job.payload or b"")
        runs.noop()

    @queuer.entrypoint("stamp")
    async def stamp(job: Job) -> None:
        runs.stamp(json.loads(job.payload or b""))

    @queuer.entrypoint("wait")
    async def wait(job: Job) -> None:
        json.loads(job.payload or b"")
        await runs.async_wait()

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, queuer.shutdown.set)
    await queuer.run(batch_size=batch, dequeue_timeout=timedelta(seconds=look_seconds))


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), float(sys.argv[2])))
