"""Real supervisors, schedulers and worker processes of a test, and the way to hurt them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import psutil
from redis import RedisError

from backend.api.config.settings import load_settings
from backend.bootstrap.platform import Platform
from backend.domain.errors import Unavailable
from backend.domain.jobs.job import JobView
from tests.eventually import eventually

ROOT = Path(__file__).parents[3]
#: What a supervisor tells each of its worker processes.
_TOLD = "--running-table="


class Release(NamedTuple):
    """What processes are started from: a checkout, and a Python that has it installed."""

    checkout: Path
    python: str


THIS_RELEASE = Release(ROOT, sys.executable)


class Cluster:
    """One deployment: its processes run in the background, its services are at hand here."""

    def __init__(self, redis_url: str, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.file = folder / "lines"
        self.file.touch()
        self.environment = {
            **os.environ,
            "REDIS_URL": redis_url,
            "TALLY_CONFIG": str(folder / "config.yaml"),
            "TALLY_JOB_PACKAGES": "tests.jobs,examples",
            # Long: who asks what is given back at the end of a grace period says how long that one is.
            "TALLY_WORKER__GRACE": "60",
            "TALLY_LOG__FORMAT": "json",
            # Tests run side by side, and most have nothing to be scraped.
            "TALLY_METRICS__WORKER_PORT": "0",
            "TALLY_METRICS__SCHEDULER_PORT": "0",
            "TALLY_METRICS__RECORDER_PORT": "0",
            **settings,
        }
        (folder / "config.yaml").write_text("{}\n")
        self.platform = Platform(
            load_settings(redis_url=redis_url, job_packages="tests.jobs,examples")
        )
        self.platform.load_library()
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(
        self, *command: str, log: str = "log", release: Release = THIS_RELEASE
    ) -> subprocess.Popen[bytes]:
        """A process of the `tally` command."""
        with (self.folder / log).open("ab") as output:
            process = subprocess.Popen(
                [release.python, "-m", "backend.cli.main", *command],
                env=self.environment,
                cwd=release.checkout,
                stderr=output,
                stdout=output,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def workers(
        self,
        *lanes: str,
        processes: int = 1,
        concurrency: int = 4,
        release: Release = THIS_RELEASE,
    ) -> subprocess.Popen[bytes]:
        """A supervisor whose processes are all ready."""
        # Not by their number: one that is frozen may be given up for lost while these start.
        before = set(self.pids())
        supervisor = self.start(
            "worker",
            *(lanes or ("default",)),
            f"--processes={processes}",
            f"--concurrency={concurrency}",
            release=release,
        )
        expected = processes * len(lanes or ("default",))
        eventually(lambda: len(set(self.pids()) - before) >= expected, timeout=30, show=self.log)
        return supervisor

    def pids(self) -> list[int]:
        """The live worker processes on record."""
        return [
            worker.pid
            for worker in self.platform.inspection.workers()
            if worker.state != "lost" and psutil.pid_exists(worker.pid)
        ]

    def enqueue(self, job_type: str, payload: dict[str, Any] | None = None, **options: Any) -> str:
        """A job; ``file`` in its payload is the file of lines."""
        return self.platform.queue_service.enqueue_job(
            job_type, {"file": str(self.file), **(payload or {})}, **options
        )

    def ended(self, job_id: str, timeout: float = 120) -> JobView:
        """The job when it is final; the limit is for what hangs."""
        return self.platform.queue_service.wait(job_id, timeout)

    def job(self, job_id: str) -> JobView:
        """The job as it stands."""
        return self.platform.queue_service.get_job(job_id)

    def forget(self) -> None:
        """What earlier jobs left is gone, for the next test on the same processes."""
        self.file.write_text("")
        (self.folder / "go").unlink(missing_ok=True)

    def lines(self) -> list[str]:
        """What jobs have left."""
        return self.file.read_text().splitlines()

    def log(self) -> str:
        """What the processes wrote."""
        return (self.folder / "log").read_text()[-8000:]

    def says(self, text: str) -> None:
        """Blocks until a process wrote it: what a line tells of may be seen before the line."""
        eventually(lambda: text in self.log(), timeout=20, show=self.log)

    def running(self, job_id: str) -> None:
        """Blocks until the job's handler runs."""
        eventually(lambda: job_id in self.lines(), timeout=20, show=self.log)

    def difference(self) -> int:
        """What the books of all queues are out by."""
        inspection = self.platform.inspection
        return sum(abs(q.difference) for q in inspection.queue_states(inspection.queue_names()))

    def vanish(self, supervisor: subprocess.Popen[bytes]) -> None:
        """The only host is gone at once, and for so long that the records of its processes ran out."""
        _end(supervisor)
        self._let_redis_see_their_end()
        for worker in self.platform.inspection.workers():
            self.platform.redis.delete(self.platform.keys.worker(worker.name))

    def end(self) -> None:
        """Ends every process started here."""
        workers = self._workers()
        for process in self.processes:
            _end(process)
        # Whose supervisor a test has killed is nobody's child any more, and works on until it sees that.
        _kill(workers)
        self._let_redis_see_their_end()
        self.platform.close()

    def _let_redis_see_their_end(self) -> None:
        """Else it hands the first job of the next test to one who had asked for it before he was killed."""
        with contextlib.suppress(Unavailable, RedisError):
            for _ in range(2):
                self.platform.redis.ping()

    def _workers(self) -> list[psutil.Process]:
        found = []
        with contextlib.suppress(Unavailable, psutil.NoSuchProcess):
            found += [psutil.Process(pid) for pid in self.pids()]
        return [each for each in found if _TOLD in " ".join(_command_line(each))]


def _command_line(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _end(process: subprocess.Popen[bytes]) -> None:
    """With all below it. It stands still first.

    Else a supervisor replaces a worker that is killed, and the new one takes a job of the next test.
    """
    if process.poll() is None:
        process.send_signal(signal.SIGSTOP)
    _kill(_below(process))
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(60)


def _kill(processes: list[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    # A killed child of one that stands still stays a zombie; it does nothing any more.
    eventually(lambda: not any(map(_lives, processes)))


def _lives(process: psutil.Process) -> bool:
    """A killed one is a zombie as soon as its first thread has ended: its sockets close with the last."""
    try:
        is_dead = process.status() == psutil.STATUS_ZOMBIE and process.num_threads() == 1
        return bool(process.is_running() and not is_dead)
    except psutil.NoSuchProcess:
        return False


def _below(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
