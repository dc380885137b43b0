"""A driver: a process that enqueues as a user of its queue does, one line of JSON in, one out."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from types import MappingProxyType
from typing import Any

#: Numbers begin here, so that all have the same width.
FIRST = 100_000_000
#: Between a job that has run and the next one, seconds: the worker is idle again.
_PAUSE = 0.003
_LOOK = 0.0002
_PATIENCE = 30.0
#: Jobs that wait, and that the loop of one process runs at a time: what suits each queue best, or a number that
#: somebody wants to try.
AT_ONCE = int(os.environ.get("BENCH_AT_ONCE") or 500)

#: The command of a process and what its environment gets beside ours.
Command = dict[str, Any]


def payload(number: int) -> dict[str, Any]:
    """Sixty bytes of JSON."""
    return {"n": FIRST + number, "to": "ada@example.com", "about": "order-70000"}


class Driver:
    """What one queue is asked to do. ``kind`` is ``noop``, ``stamp`` or ``wait``."""

    #: Packages whose versions are printed.
    packages: tuple[str, ...] = ()
    #: How it is set up, for those who compare.
    configuration = ""
    #: How many jobs of each kind that waits one process runs at a time; where nothing bounds it, about so many.
    at_once: Mapping[str, int] = MappingProxyType({"wait": AT_ONCE})

    def clear(self) -> None:
        """Makes an empty store ready; Redis has been flushed before."""

    def enqueue(self, kind: str, numbers: Sequence[int]) -> None:
        """One by one, each accepted before the next."""
        raise NotImplementedError

    def enqueue_many(self, kind: str, numbers: Sequence[int]) -> None:
        """As many at once as the queue can take; not every queue can."""
        raise NotImplementedError

    def enqueue_at(self, kind: str, number: int, when: datetime) -> None:
        """One that is due at an instant (UTC); not every queue can."""
        raise NotImplementedError

    def workers(self, kind: str, processes: int) -> list[Command]:
        """The commands that run jobs of a kind, in this many processes."""
        raise NotImplementedError

    def can(self) -> list[str]:
        """Which of the optional calls this one has."""
        mine = type(self)
        optional = {
            "enqueue_many": mine.enqueue_many is not Driver.enqueue_many,
            "enqueue_at": mine.enqueue_at is not Driver.enqueue_at,
        }
        return [name for name, is_there in optional.items() if is_there]


def python(*words: str, **variables: str) -> Command:
    """A command of this environment's Python."""
    return {"argv": [sys.executable, *words], "environment": variables}


def program(name: str, *words: str, **variables: str) -> Command:
    """A command that a package of this environment installed."""
    folder = os.path.dirname(sys.executable)  # noqa: PTH120 - the link itself, not where it points
    return {"argv": [f"{folder}/{name}", *words], "environment": variables}


def serve(driver: Driver) -> None:
    """Answers until the other side closes; what libraries print goes to the error stream.

    What is no question for all is one of the driver's own calls.
    """
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    for line in sys.stdin:
        asked = json.loads(line)
        name = asked.pop("do")
        answer = _CALLS[name](driver, **asked) if name in _CALLS else getattr(driver, name)(**asked)
        answers.write(json.dumps(answer) + "\n")


def _hello(driver: Driver) -> dict[str, Any]:
    return {
        "versions": {name: version(name) for name in driver.packages},
        "configuration": driver.configuration,
        "at_once": dict(driver.at_once),
        "can": driver.can(),
    }


def _clear(driver: Driver) -> None:
    driver.clear()


def _enqueue(driver: Driver, kind: str, jobs: int, many: bool) -> dict[str, float]:
    call = driver.enqueue_many if many else driver.enqueue
    wall, cpu = time.perf_counter(), time.process_time()
    call(kind, range(jobs))
    return {"seconds": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


def _pace(driver: Driver, jobs: int) -> list[float]:
    """One job after the other, each sent to an idle worker; when each was sent, by the monotonic clock."""
    runs = os.environ["BENCH_RUNS"]
    sent, length = [], os.stat(runs).st_size  # noqa: PTH116
    for number in range(jobs):
        time.sleep(_PAUSE)
        sent.append(time.monotonic())
        driver.enqueue("stamp", [number])
        deadline = time.monotonic() + _PATIENCE
        while os.stat(runs).st_size == length:  # noqa: PTH116
            if time.monotonic() > deadline:
                raise TimeoutError("a job did not run")
            time.sleep(_LOOK)
        length = os.stat(runs).st_size  # noqa: PTH116
    return sent


def _delayed(driver: Driver, delays: list[float]) -> list[float]:
    """Jobs that are due so many seconds from now; when each is, by the monotonic clock."""
    wall, steady = time.time(), time.monotonic()
    for number, delay in enumerate(delays):
        driver.enqueue_at("stamp", number, datetime.fromtimestamp(wall + delay, UTC))
    return [steady + delay for delay in delays]


def _workers(driver: Driver, kind: str, processes: int) -> list[Command]:
    return driver.workers(kind, processes)


_CALLS = {
    "hello": _hello,
    "clear": _clear,
    "enqueue": _enqueue,
    "pace": _pace,
    "delayed": _delayed,
    "workers": _workers,
}
