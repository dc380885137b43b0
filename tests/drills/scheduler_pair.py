"""Two scheduler processes over one pair of stores, and the way to kill the one that leads."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from redis import Redis

from backend.broker.keys import Keys
from backend.history.server.connection import connect
from tests.eventually import eventually
from tests.integration.history.databases import rows

ROOT = Path(__file__).parents[2]
DUTIES = ("scheduler", "cron")


class SchedulerPair:
    """Starts schedulers, and ends those that it started."""

    def __init__(self, redis: Redis, redis_url: str, database_url: str, folder: Path) -> None:
        self._redis, self._keys = redis, Keys("rq")
        self._engine = connect(database_url, name="pair")
        self._log = folder / "schedulers.log"
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        config = folder / "config.yaml"
        config.write_text("{}\n")
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "REDIS_URL": redis_url,
            "DATABASE_URL": database_url,
            "TALLY_CONFIG": str(config),
            "TALLY_JOB_PACKAGES": "tests.jobs",
            "TALLY_LOG__FORMAT": "json",
        }

    def start(self) -> None:
        """One more scheduler."""
        with self._log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "backend.cli.main", "scheduler"],
                env=self.environment,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self._processes[process.pid] = process

    def leader(self, duty: str) -> int:
        """The process that leads a duty; 0: none does."""
        holder = self._holder_of_row() if duty == "cron" else self._holder_of_key(duty)
        return int(holder.rsplit("-", 2)[1]) if holder else 0

    def _holder_of_key(self, duty: str) -> str:
        holder: Any = self._redis.hget(self._keys.leader(duty), "holder")
        return holder.decode() if holder else ""

    def _holder_of_row(self) -> str:
        led = rows(
            self._engine,
            "SELECT holder FROM duty_leases WHERE duty = 'cron' AND ends_at > clock_timestamp()",
        )
        return str(led[0]["holder"]) if led else ""

    def wait_for_leaders(self, gone: int = 0) -> None:
        """Blocks until both duties are led by somebody who is not ``gone``."""
        eventually(lambda: all(self.leader(duty) not in {0, gone} for duty in DUTIES), 20, self.log)

    def kill_leader(self, duty: str) -> int:
        """Ends the leader as ``kill -9`` does, and starts another in its place; who it was."""
        pid = self._some_leader(duty)
        process = self._processes.pop(pid)
        process.send_signal(signal.SIGKILL)
        process.wait(60)
        self.start()
        return pid

    def freeze_leader(self, duty: str) -> int:
        """It keeps its connections and does nothing more; who it was."""
        pid = self._some_leader(duty)
        self._processes[pid].send_signal(signal.SIGSTOP)
        return pid

    def _some_leader(self, duty: str) -> int:
        """Who leads; a lease may have ended a moment ago because the machine is busy."""
        return eventually(lambda: self.leader(duty), 20, self.log)

    def thaw(self, pid: int) -> None:
        """It goes on where it was."""
        self._processes[pid].send_signal(signal.SIGCONT)

    def log(self) -> str:
        """The end of what they wrote."""
        return self._log.read_text()[-6000:]

    def end(self) -> None:
        """Ends every process started here."""
        for process in self._processes.values():
            process.kill()
            process.wait(60)
        self._engine.dispose()
