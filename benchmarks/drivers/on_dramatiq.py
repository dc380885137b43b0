"""Dramatiq: https://dramatiq.io."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import dramatiq_jobs
from driver import Command, Driver, payload, program, serve


class OnDramatiq(Driver):
    packages = ("dramatiq", "redis")
    configuration = (
        "8 threads a process for no-ops (its default), 500 for waits, prefetch 256 and 1,000, no results;"
        " it has no bulk"
    )

    def enqueue(self, kind: str, numbers: Sequence[int]) -> None:
        actor = getattr(dramatiq_jobs, kind)
        for number in numbers:
            actor.send(payload(number))

    def enqueue_at(self, kind: str, number: int, when: datetime) -> None:
        delay = max(0, round((when - datetime.now(UTC)).total_seconds() * 1000))
        getattr(dramatiq_jobs, kind).send_with_options(args=(payload(number),), delay=delay)

    def workers(self, kind: str, processes: int) -> list[Command]:
        threads, prefetch = ("500", "1000") if kind == "wait" else ("8", "256")
        return [
            program(
                *("dramatiq", "dramatiq_jobs", "-p", str(processes), "-t", threads),
                *("--skip-logging", "-Q", "bench"),
                dramatiq_queue_prefetch=prefetch,
            )
        ]


if __name__ == "__main__":
    serve(OnDramatiq())
