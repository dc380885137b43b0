"""Tally, of this checkout or of any revision that has ``QueueService`` and ``tally worker``."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from types import MappingProxyType

from driver import Command, Driver, payload, python, serve
from redis import Redis

from backend.api.config.settings import default_settings
from backend.bootstrap.platform import Platform
from backend.services.queue_service import QueueService

_TALLY = ("-m", "backend.cli.main")


#: Threads for plain handlers that wait, and tasks of the loop for async ones.
_THREADS, _TASKS = 500, int(os.environ.get("BENCH_AT_ONCE") or 2000)


class OnTally(Driver):
    packages = ("redis", "rq")
    at_once = MappingProxyType({"wait": _THREADS, "async_wait": _TASKS})

    def __init__(self) -> None:
        self._loop, loop = "uvloop", "uvloop"
        if importlib.util.find_spec("uvloop") is None:
            self._loop, loop = "asyncio", "asyncio: uvloop is not installed here"
        self.configuration = (
            f"two slots in one process for no-ops, one in each of two, {_THREADS} threads for waits, {_TASKS:,} tasks of a"
            f" loop ({loop}) for async handlers, batches as it sizes them itself; states, results and events of each job kept"
        )
        self._service = QueueService()
        self._redis = Redis.from_url(os.environ["REDIS_URL"])

    def enqueue(self, kind: str, numbers: Sequence[int]) -> None:
        enqueue = self._service.enqueue_job
        for number in numbers:
            enqueue(kind, payload(number))

    def enqueue_many(self, kind: str, numbers: Sequence[int]) -> None:
        for at in range(0, len(numbers), 20_000):
            some = numbers[at : at + 20_000]
            self._service.enqueue_many(
                [{"job_type": kind, "payload": payload(number)} for number in some]
            )

    def enqueue_lean(self, jobs: int) -> None:
        """No-ops as a caller with `redis.lean_jobs` leaves them."""
        settings = default_settings()
        redis = settings.redis.model_copy(update={"lean_jobs": True})
        service = Platform(settings.model_copy(update={"redis": redis})).queue_service
        service.enqueue_many(
            [{"job_type": "noop", "payload": payload(number)} for number in range(jobs)]
        )

    def enqueue_at(self, kind: str, number: int, when: datetime) -> None:
        self._service.enqueue_job(kind, payload(number), run_at=when)

    def enqueue_due(self, jobs: int, due: str) -> None:
        """Many no-ops that are due at the same instant, in ISO 8601."""
        when = datetime.fromisoformat(due)
        for at in range(0, jobs, 20_000):
            self._service.enqueue_many(
                [
                    {"job_type": "noop", "payload": payload(number), "run_at": when}
                    for number in range(at, min(jobs, at + 20_000))
                ]
            )

    def record_keepers(self) -> list[Command]:
        """The recorder; its tables are made first."""
        subprocess.run([sys.executable, *_TALLY, "migrate"], check=True, stdout=sys.stderr)
        return [python(*_TALLY, "recorder")]

    def has_a_loop(self) -> bool:
        """Whether handlers may be async; revisions before have the class elsewhere."""
        try:
            from backend.domain.jobs.job_type import JobType
        except ImportError:
            return False
        return hasattr(JobType, "is_async")

    def has_lean_jobs(self) -> bool:
        """Whether callers may leave out what most jobs have; revisions before cannot."""
        return "lean_jobs" in type(default_settings().redis).model_fields

    def waiting(self) -> int:
        """Jobs that may be claimed now."""
        return int(self._redis.llen("rq:queue:normal"))

    def workers(self, kind: str, processes: int) -> list[Command]:
        loop = {
            "TALLY_WORKER__ASYNC_SLOTS": str(_TASKS),
            "TALLY_WORKER__EVENT_LOOP": self._loop,
        }
        worker = python(
            *(*_TALLY, "worker", "default"),
            *("--processes", str(processes), "--concurrency", str(_slots(kind, processes))),
            **(loop if kind.startswith("async") else {}),
        )
        return [worker, python(*_TALLY, "scheduler")] if kind == "stamp" else [worker]


def _slots(kind: str, processes: int) -> int:
    """While Redis works for one slot the other runs jobs; of two processes each does so for the other."""
    if kind == "wait":
        return _THREADS
    return 2 if kind == "noop" and processes == 1 else 1


if __name__ == "__main__":
    serve(OnTally())
