"""The place of a drill: servers, supervisors and schedulers of its own, ended with it."""

from __future__ import annotations

import os
import random
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

import psutil

from backend.api.config.settings import load_settings
from backend.bootstrap import Platform, new_job_id
from backend.broker.connection import translated
from backend.domain.errors import Unavailable
from backend.embedded.servers import Servers, start_servers

_PACKAGE = "backend.drills.jobs"
_SHORT_TIMES = {
    "TALLY_WORKER__HEARTBEAT": "0.5",
    "TALLY_WORKER__LEASE": "3",
    "TALLY_WORKER__GRACE": "5",
    "TALLY_SCHEDULER__RESCUE_GRACE": "1",
    "TALLY_SCHEDULER__LEADER_LEASE": "1.5",
}


class Scene:
    """A deployment with short leases, so that what takes minutes in production takes seconds."""

    def __init__(self, folder: Path, servers: Servers, seed: int) -> None:
        self.folder = folder
        self.servers = servers
        self.dice = random.Random(seed)  # noqa: S311 - a repeatable drill, not a secret
        self.effects = folder / "effects"
        self.effects.touch()
        self.environment = {
            **os.environ,
            **_SHORT_TIMES,
            "REDIS_URL": servers.redis_url,
            "TALLY_JOB_PACKAGES": _PACKAGE,
            "TALLY_LOG__FORMAT": "json",
        }
        settings = load_settings(redis_url=servers.redis_url, job_packages=_PACKAGE)
        self.platform = Platform(settings)
        self.platform.load_library()
        self.supervisors: list[subprocess.Popen[bytes]] = []
        self.schedulers: list[subprocess.Popen[bytes]] = []

    @classmethod
    def open(cls, folder: Path, seed: int | None = None) -> Self:
        """Starts the servers."""
        servers = start_servers(folder / "state", postgres=False)
        return cls(folder, servers, secrets.randbelow(10**6) if seed is None else seed)

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        """A process of the `tally` command, its log in the drill's folder."""
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "backend.cli.main", *command],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def start_supervisor(self, processes: int, slots: int) -> subprocess.Popen[bytes]:
        """Worker processes for the drill's jobs."""
        command = ("worker", "default", f"--processes={processes}", f"--concurrency={slots}")
        self.supervisors.append(self.start(*command))
        return self.supervisors[-1]

    def start_scheduler(self) -> None:
        """A scheduler, which also rescues."""
        self.schedulers.append(self.start("scheduler"))

    def workers(self) -> list[psutil.Process]:
        """Every live worker process below a live supervisor."""
        found = []
        for supervisor in self.supervisors:
            if supervisor.poll() is None:
                found += [
                    child
                    for child in psutil.Process(supervisor.pid).children()
                    if "--lane=default" in " ".join(_command_line(child))
                ]
        return found

    def accept(self, jobs: int) -> list[str]:
        """Enqueues jobs, some of them delayed, until it is certain that all were accepted.

        What may have been accepted when Redis went away is sent again under the same ids.
        """
        requests = [
            {
                "job_id": new_job_id(),
                "job_type": "drill_effect",
                "payload": {"file": str(self.effects), "seconds": self.dice.random() * 0.02},
                "priority": self.dice.choice(["high", "normal", "low"]),
                **({"delay": self.dice.random() * 5} if self.dice.random() < 0.2 else {}),  # noqa: PLR2004
            }
            for _ in range(jobs)
        ]
        while True:
            try:
                return self.platform.queue_service.enqueue_many(requests)
            except Unavailable:
                time.sleep(0.1)

    def in_flight(self) -> int:
        """How many jobs are started now."""
        with translated():
            return self.platform.redis.zcard(self.platform.keys.leases)

    def close(self) -> None:
        """Ends every process, then the servers."""
        for process in (*self.supervisors, *self.schedulers):
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
        for process in (*self.supervisors, *self.schedulers):
            _wait_or_kill(process)
        self.platform.close()
        self.servers.stop()


def _command_line(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return []


def _wait_or_kill(process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 15
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
