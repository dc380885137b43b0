"""taskiq: https://taskiq-python.github.io."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

import taskiq_jobs
from driver import AT_ONCE, Command, Driver, payload, program, serve


class OnTaskiq(Driver):
    packages = ("taskiq", "taskiq-redis", "redis")
    configuration = (
        f"list broker (quicker than its streams, no acknowledgement), 100 tasks at once for no-ops, {AT_ONCE:,}"
        f" for waits, prefetch 64 and {AT_ONCE:,}, results off, its schedule looked at each second; it has no bulk"
    )

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._loop.run_until_complete(taskiq_jobs.broker.startup())

    def enqueue(self, kind: str, numbers: Sequence[int]) -> None:
        async def all_of_them() -> None:
            for number in numbers:
                await getattr(taskiq_jobs, kind).kiq(payload(number))

        self._loop.run_until_complete(all_of_them())

    def enqueue_at(self, kind: str, number: int, when: datetime) -> None:
        kicker = getattr(taskiq_jobs, kind).kicker()
        self._loop.run_until_complete(
            kicker.schedule_by_time(taskiq_jobs.source, when, payload(number))
        )

    def workers(self, kind: str, processes: int) -> list[Command]:
        tasks, prefetch = (str(AT_ONCE), str(AT_ONCE)) if kind == "wait" else ("100", "64")
        worker = program(
            *("taskiq", "worker", "taskiq_jobs:broker", "--workers", str(processes)),
            *("--max-async-tasks", tasks, "--max-prefetch", prefetch, "--log-level", "ERROR"),
        )
        scheduler = program(
            *("taskiq", "scheduler", "taskiq_jobs:scheduler", "--log-level", "ERROR"),
            *("--update-interval", "1", "--loop-interval", "1"),
        )
        return [worker, scheduler] if kind == "stamp" else [worker]


if __name__ == "__main__":
    serve(OnTaskiq())
