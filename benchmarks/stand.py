"""The servers and processes that a benchmark measures."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from backend.api.config.settings import load_settings
from backend.bootstrap.platform import Platform
from backend.bootstrap.record_parts import migrator
from backend.embedded.servers import Servers, start_servers

_PACKAGE = "benchmarks.jobs"
_ROOT = Path(__file__).parents[1]


class Stand:
    """One deployment on fresh servers: Redis with its append-only file (everysec), Postgres durable."""

    def __init__(self, servers: Servers) -> None:
        self.servers = servers
        self.environment = {
            **os.environ,
            "REDIS_URL": servers.redis_url,
            "DATABASE_URL": servers.database_url,
            "TALLY_JOB_PACKAGES": _PACKAGE,
            "TALLY_LOG__LEVEL": "WARNING",
        }
        self.platform = Platform(
            load_settings(
                redis_url=servers.redis_url,
                database_url=servers.database_url,
                job_packages=_PACKAGE,
                redis={"stream_limit": 0},
            )
        )
        migrator(self.platform).apply()

    def clear(self) -> None:
        """An empty Redis with the library loaded."""
        self.platform.redis.flushall()
        self.platform.load_library()

    @contextmanager
    def running(
        self, *command: str, count: int = 1, output: IO[bytes] | None = None
    ) -> Iterator[list[subprocess.Popen[bytes]]]:
        """Processes of Tally, ended afterwards; ``output`` takes what they print."""
        processes = [
            subprocess.Popen(
                [sys.executable, "-m", *command],
                env=self.environment,
                cwd=_ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
            for _ in range(count)
        ]
        try:
            yield processes
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait(30)

    def count(self, what: str, queue: str = "normal") -> int:
        """One number of a queue's books."""
        return int(self.platform.redis.hget(self.platform.keys.counts(queue), what) or 0)

    def workers_ready(self, count: int) -> None:
        """Blocks until worker processes are on record."""
        wait_until(lambda: len(self.platform.redis.smembers(self.platform.keys.workers)) >= count)


@contextmanager
def stand() -> Iterator[Stand]:
    """A stand, taken down afterwards."""
    with tempfile.TemporaryDirectory(prefix="tally-bench-") as folder:
        servers = start_servers(Path(folder))
        try:
            yield Stand(servers)
        finally:
            servers.stop()


def wait_until(
    condition: Callable[[], bool], patience: float = 600.0, pause: float = 0.002
) -> None:
    """Blocks until ``condition`` holds."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("a benchmark did not end")
        time.sleep(pause)
