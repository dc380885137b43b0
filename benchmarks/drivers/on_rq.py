"""RQ: https://python-rq.org."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from types import MappingProxyType

import rq_jobs
from driver import Command, Driver, payload, program, serve
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

_URL = os.environ["REDIS_URL"]


class OnRq(Driver):
    packages = ("rq", "redis")
    configuration = (
        "SimpleWorker (no fork a job, no isolation), JSON, results off, enqueue_many in one pipeline;"
        " one job at a time a process"
    )
    at_once = MappingProxyType({"wait": 1})

    def __init__(self) -> None:
        self._queue = Queue("bench", connection=Redis.from_url(_URL), serializer=JSONSerializer)

    def enqueue(self, kind: str, numbers: Sequence[int]) -> None:
        call = getattr(rq_jobs, kind)
        for number in numbers:
            self._queue.enqueue(call, payload(number), result_ttl=0)

    def enqueue_many(self, kind: str, numbers: Sequence[int]) -> None:
        call = getattr(rq_jobs, kind)
        for at in range(0, len(numbers), 1000):
            self._queue.enqueue_many(
                [
                    Queue.prepare_data(call, args=(payload(number),), result_ttl=0)
                    for number in numbers[at : at + 1000]
                ]
            )

    def enqueue_at(self, kind: str, number: int, when: datetime) -> None:
        self._queue.enqueue_at(when, getattr(rq_jobs, kind), payload(number), result_ttl=0)

    def workers(self, kind: str, processes: int) -> list[Command]:
        worker = program(
            *("rq", "worker", "--quiet", "-w", "rq.worker.SimpleWorker", "-S", "json"),
            *("-u", _URL, *(("--with-scheduler",) if kind == "stamp" else ()), "bench"),
        )
        return [worker] * processes


if __name__ == "__main__":
    serve(OnRq())
