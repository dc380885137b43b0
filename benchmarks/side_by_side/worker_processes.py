"""The worker processes of an entrant: started, looked at from outside, ended with all their children."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from benchmarks.side_by_side.driver_process import DriverProcess

_STOP_SECONDS = 15


class WorkerProcesses:
    """Processes that were started, and what they started."""

    def __init__(self, started: Sequence[psutil.Process]) -> None:
        self._started = started

    def all(self) -> list[psutil.Process]:
        """Those that live now, the first of each command before its children."""
        return [
            process
            for first in self._started
            if first.is_running()
            for process in (first, *first.children(recursive=True))
        ]

    def cpu_seconds(self) -> float:
        """What they have worked so far."""
        times = [process.cpu_times() for process in self.all()]
        return sum(each.user + each.system for each in times)

    def resident_megabytes(self) -> list[float]:
        """Of each process."""
        return [process.memory_info().rss / 2**20 for process in self.all()]


@contextmanager
def running(driver: DriverProcess, commands: Sequence[dict[str, Any]]) -> Iterator[WorkerProcesses]:
    """Workers of an entrant, ended afterwards; what they print follows its driver's log."""
    started = [_start(driver, command) for command in commands]
    processes = WorkerProcesses([psutil.Process(process.pid) for process in started])
    try:
        yield processes
    finally:
        _end(started, processes)


def _start(driver: DriverProcess, command: dict[str, Any]) -> subprocess.Popen[bytes]:
    with Path(driver.log).open("ab") as log:
        return subprocess.Popen(
            command["argv"],
            env={**driver.environment, **command["environment"]},
            cwd=driver.cwd,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _end(started: Sequence[subprocess.Popen[bytes]], processes: WorkerProcesses) -> None:
    family = processes.all()
    for process in started:
        process.terminate()
    psutil.wait_procs(family, timeout=_STOP_SECONDS)
    for left in family:
        if left.is_running():
            left.kill()
    for process in started:
        process.wait()
