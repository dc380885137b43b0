"""Procrastinate: https://procrastinate.readthedocs.io."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime

import procrastinate_jobs
import psycopg
from driver import AT_ONCE, Command, Driver, payload, program, serve


class OnProcrastinate(Driver):
    packages = ("procrastinate", "psycopg")
    configuration = (
        f"on Postgres; 20 jobs at once for no-ops, {AT_ONCE:,} for waits, LISTEN, a poll each 0.1 s where jobs are"
        " delayed, finished jobs deleted, batch_defer of 1,000"
    )

    def __init__(self) -> None:
        self._app = procrastinate_jobs.app
        self._app.open()
        with psycopg.connect(os.environ["BENCH_POSTGRES"]) as connection:
            made = connection.execute("SELECT to_regclass('procrastinate_jobs')").fetchone()
        if made == (None,):
            self._app.schema_manager.apply_schema()

    def clear(self) -> None:
        with psycopg.connect(os.environ["BENCH_POSTGRES"]) as connection:
            connection.execute("TRUNCATE procrastinate_jobs CASCADE")

    def enqueue(self, kind: str, numbers: Sequence[int]) -> None:
        task = self._app.tasks[kind]
        for number in numbers:
            task.defer(payload=payload(number))

    def enqueue_many(self, kind: str, numbers: Sequence[int]) -> None:
        for at in range(0, len(numbers), 1000):
            some = numbers[at : at + 1000]
            self._app.tasks[kind].batch_defer(*({"payload": payload(number)} for number in some))

    def enqueue_at(self, kind: str, number: int, when: datetime) -> None:
        self._app.tasks[kind].configure(schedule_at=when).defer(payload=payload(number))

    def workers(self, kind: str, processes: int) -> list[Command]:
        at_once = str(AT_ONCE) if kind == "wait" else "20"
        poll = ("-p", "0.1") if kind == "stamp" else ()
        worker = program(
            *("procrastinate", "--app", "procrastinate_jobs.app", "worker", "-q", "bench"),
            *("-c", at_once, *poll, "--delete-jobs", "successful"),
            PROCRASTINATE_LOG_LEVEL="warning",
        )
        return [worker] * processes


if __name__ == "__main__":
    serve(OnProcrastinate())
