"""Huey: https://huey.readthedocs.io."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import huey_jobs
from driver import Command, Driver, payload, program, serve


class OnHuey(Driver):
    packages = ("huey", "redis")
    configuration = (
        "blocking pops, one thread for one process, processes for two, 500 threads for waits, results"
        " off, its schedule looked at each second (its shortest); it has no bulk and no acknowledgement"
    )

    def enqueue(self, kind: str, numbers: Sequence[int]) -> None:
        task = getattr(huey_jobs, kind)
        for number in numbers:
            task(payload(number))

    def enqueue_at(self, kind: str, number: int, when: datetime) -> None:
        # Without a zone it is taken for local time.
        local = when.astimezone().replace(tzinfo=None)
        getattr(huey_jobs, kind).schedule((payload(number),), eta=local)

    def workers(self, kind: str, processes: int) -> list[Command]:
        count = 500 if kind == "wait" else processes
        as_what = "thread" if processes == 1 else "process"
        return [
            program(
                *("huey_consumer", "huey_jobs.huey", "-k", as_what, "-w", str(count)),
                *("-n", "-q", "-s", "1"),
            )
        ]


if __name__ == "__main__":
    serve(OnHuey())
