"""Celery: https://docs.celeryq.dev."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import celery_jobs
from driver import Command, Driver, payload, program, serve


class OnCelery(Driver):
    packages = ("celery", "kombu", "redis")
    configuration = (
        "solo pool for no-ops (quicker than a child process), 500 threads for waits, prefetch 64 and 4,"
        " results off, early acknowledgement, no gossip, no mingle, no events; it has no bulk"
    )

    def enqueue(self, kind: str, numbers: Sequence[int]) -> None:
        task = getattr(celery_jobs, kind)
        with celery_jobs.app.producer_pool.acquire(block=True) as producer:
            for number in numbers:
                task.apply_async((payload(number),), producer=producer, retry=False)

    def enqueue_at(self, kind: str, number: int, when: datetime) -> None:
        getattr(celery_jobs, kind).apply_async((payload(number),), eta=when)

    def workers(self, kind: str, processes: int) -> list[Command]:
        pool = ("-P", "threads", "-c", "500") if kind == "wait" else ("-P", "solo")
        prefetch = {"wait": "4", "noop": "64", "stamp": "1000"}[kind]
        return [
            program(
                *("celery", "-A", "celery_jobs", "worker", *pool, "-l", "ERROR", "-n", f"w{n}@%h"),
                *("--without-gossip", "--without-mingle", "--without-heartbeat", "-Q", "bench"),
                BENCH_PREFETCH=prefetch,
            )
            for n in range(processes)
        ]


if __name__ == "__main__":
    serve(OnCelery())
