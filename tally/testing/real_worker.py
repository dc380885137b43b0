"""Real worker processes for the few tests that need them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from backend.bootstrap.platform import Platform
from backend.cli import main
from tally.testing.watched_queue import WatchedQueue

#: Seconds that processes have to begin, and to end.
_PATIENCE = 60.0


class RealWorkers:
    """Supervisors with their processes, for the queue of one test; all end with the block."""

    def __init__(self, parts: Platform, queue: WatchedQueue) -> None:
        self._parts = parts
        self._queue = queue
        self._log = Path(tempfile.mkstemp(prefix="tally-worker-", suffix=".log")[1])
        self._supervisors: list[subprocess.Popen[bytes]] = []

    def start(self, *lanes: str, processes: int = 1) -> None:
        """Starts a supervisor for lanes (default: all), and returns once its processes are ready.

        From then on waiting for a job waits for them. Raises AssertionError, with what they wrote, when
        they do not begin.
        """
        known = self._parts.catalogue.lanes()
        ready = self._count() + processes * (len(lanes) or len(known))
        with self._log.open("ab") as output:
            self._supervisors.append(
                subprocess.Popen(
                    [
                        sys.executable,
                        # As workers themselves: the current folder is the last place to look.
                        "-P",
                        "-m",
                        main.__name__,
                        "worker",
                        *lanes,
                        f"--processes={processes}",
                    ],
                    env={**os.environ, **self._environment()},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                )
            )
        self._queue.somebody_works = True
        deadline = time.monotonic() + _PATIENCE
        while self._count() < ready:
            if self._supervisors[-1].poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the workers did not begin:\n{self.log()}")
            time.sleep(0.02)

    def _count(self) -> int:
        return sum(worker.state != "lost" for worker in self._parts.inspection.workers())

    def _environment(self) -> dict[str, str]:
        settings = self._parts.settings
        return {
            "REDIS_URL": settings.redis_url,
            "TALLY_REDIS__PREFIX": settings.redis.prefix,
            "TALLY_JOB_PACKAGES": ",".join(settings.job_packages),
            **{f"TALLY_METRICS__{kind}_PORT": "0" for kind in ("WORKER", "SCHEDULER", "RECORDER")},
        }

    def log(self) -> str:
        """What the processes wrote."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for supervisor in self._supervisors:
            supervisor.terminate()
        for supervisor in self._supervisors:
            supervisor.wait(_PATIENCE)
        self._log.unlink()
