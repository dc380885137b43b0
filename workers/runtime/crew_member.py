"""One worker process as its supervisor sees it: the operating system's process and its flight board."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import psutil

from workers.runtime.flight_board import Flight, FlightBoard

#: Seconds a process may need to import the job packages on a busy machine.
_START_LIMIT = 60.0


class CrewMember:
    """A started worker process."""

    def __init__(self, name: str, lane: str, slots: int) -> None:
        self.name = name
        self.lane = lane
        self.board = FlightBoard.create(slots)
        self.started = time.monotonic()
        self.kill_reason = ""
        self.guilty: list[Flight] = []
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "workers",
                f"--lane={lane}",
                f"--name={name}",
                f"--concurrency={slots}",
                f"--board={self.board.descriptor}",
                f"--parent={os.getpid()}",
            ],
            pass_fds=[self.board.descriptor],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def returncode(self) -> int | None:
        """How it ended; None while it lives."""
        return self._process.poll()

    def rss_bytes(self) -> int:
        """Its resident memory; 0 when it is gone."""
        try:
            return int(psutil.Process(self.pid).memory_info().rss)
        except psutil.NoSuchProcess:
            return 0

    def has_begun(self) -> bool:
        """Whether it has opened its workers' clients; False when it is gone."""
        try:
            return self.returncode() is None and self.board.last_beat > 0
        except ValueError:
            # Buried by another thread at this moment, and its board closed.
            return False

    def ask_to_stop(self) -> None:
        """SIGTERM: an orderly stop."""
        self._process.terminate()

    def kill(self, reason: str, guilty: list[Flight]) -> None:
        """SIGKILL, and for which jobs."""
        self.kill_reason = reason
        self.guilty = guilty
        self._process.kill()

    def overdue(self, now: float) -> list[Flight]:
        """What has run beyond its hard limit."""
        return [f for f in self.board.in_flight() if f.hard_deadline and now > f.hard_deadline]

    def silent_for(self, now: float) -> float:
        """Seconds since it last could run Python; a process that is starting may take its time."""
        return now - (self.board.last_beat or self.started + _START_LIMIT)
