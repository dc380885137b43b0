"""The process of an isolated job: runs one at a time for its worker process, within hard limits.

Started as ``python -m workers.runtime DESCRIPTOR LIMITS``; it dies with its parent.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import socket
import sys
import threading
from typing import Any

import psutil

from backend.api.config.settings import load_settings
from backend.domain.job import ClaimedJob
from backend.domain.job_type import JobTypeCatalogue
from backend.domain.retry_policy import RetryPolicy
from backend.telemetry.lossy_streams import lose_lines
from workers.base_worker import BaseWorker, JobContext, TimeLimitReached
from workers.registry import load_catalogue
from workers.runtime import attempt, frames
from workers.runtime.attempt import Prepared
from workers.runtime.job_contexts import context_of

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_MEGABYTE = 1024 * 1024


def main(arguments: list[str]) -> None:
    """Serves jobs until the other side is gone."""
    lose_lines()
    channel = socket.socket(fileno=int(arguments[0]))
    tie_to_parent(signal.SIGKILL)
    settings = load_settings()
    retry = RetryPolicy(settings.retry.delays, jitter=settings.retry.jitter)
    catalogue = load_catalogue(settings.job_packages, retry)
    limit_resources(**json.loads(arguments[1]))
    Child(channel, catalogue, settings).serve()


def tie_to_parent(death_signal: int, parent: int | None = None) -> None:
    """Asks the kernel for a signal when the parent dies, and for the orphans of our own children.

    A ``parent`` that had died before it was asked would never be told of.
    """
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_SET_PDEATHSIG, death_signal)
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 1)
    if parent is not None and os.getppid() != parent:
        os.kill(os.getpid(), death_signal)


def limit_resources(memory_mb: int, cpu_seconds: int, file_mb: int) -> None:
    """Sets the limits of this process for good; 0 means none."""
    wanted = {
        resource.RLIMIT_AS: memory_mb * _MEGABYTE,
        resource.RLIMIT_CPU: cpu_seconds,
        resource.RLIMIT_FSIZE: file_mb * _MEGABYTE,
    }
    for limit, value in wanted.items():
        if value:
            resource.setrlimit(limit, (value, value))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class Child:
    """Runs jobs in the main thread, while another one listens for a cancel."""

    def __init__(self, channel: socket.socket, catalogue: JobTypeCatalogue, settings: Any) -> None:
        self._channel = channel
        self._catalogue = catalogue
        self._settings = settings
        self._workers: dict[type[BaseWorker], BaseWorker] = {}
        self._prepared: dict[str, Prepared] = {}
        self._context: JobContext | None = None
        self._said = threading.Lock()
        self._jobs: list[ClaimedJob] = []
        self._arrived = threading.Semaphore(0)

    def serve(self) -> None:
        """The loop of the main thread."""
        frames.send(self._channel, {"ready": True})
        threading.Thread(target=self._listen, daemon=True).start()
        while True:
            self._arrived.acquire()
            if not self._jobs:
                return
            outcome = self._run(self._jobs.pop())
            end_descendants()
            self._say(frames.outcome_frame(outcome))

    def _listen(self) -> None:
        while (frame := frames.receive(self._channel)) is not None:
            if "job" in frame:
                self._jobs.append(frames.job_of(frame))
                self._worker_name = str(frame["worker"])
                self._arrived.release()
            elif self._context is not None:
                self._context.canceled = True
        self._arrived.release()

    def _run(self, job: ClaimedJob) -> Any:
        context = self._context = context_of(job, self._worker_name)
        context.report_progress = self._report
        timer = self._arm(job)
        try:
            return attempt.run(self._prepared_for(job), job, context)
        except BaseException as raised:  # noqa: BLE001 - opening a worker's client may fail as well
            return attempt.failure(job, raised, context.canceled)
        finally:
            timer.cancel()
            self._context = None

    def _arm(self, job: ClaimedJob) -> threading.Timer:
        main_thread = ctypes.c_ulong(threading.main_thread().ident or 0)
        limit = ctypes.py_object(TimeLimitReached)
        raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
        timer = threading.Timer(
            job.timeout or threading.TIMEOUT_MAX, raise_in, (main_thread, limit)
        )
        timer.daemon = True
        timer.start()
        return timer

    def _prepared_for(self, job: ClaimedJob) -> Prepared:
        if job.job_type not in self._prepared:
            job_type = self._catalogue.get(job.job_type)
            worker = self._opened(job_type.worker) if job_type.worker else None
            self._prepared[job.job_type] = attempt.prepare(
                job_type, worker, self._settings.max_result_bytes
            )
        return self._prepared[job.job_type]

    def _opened(self, worker_class: type[BaseWorker]) -> BaseWorker:
        if worker_class not in self._workers:
            worker = worker_class(self._settings)
            worker.open()
            self._workers[worker_class] = worker
        return self._workers[worker_class]

    def _report(self, done: float, total: float | None, note: str) -> None:
        self._say({"progress": [done, total, note]})

    def _say(self, frame: dict[str, Any]) -> None:
        with self._said:
            frames.send(self._channel, frame)


def end_descendants() -> None:
    """Kills what a job left running: its children, and theirs that have become ours."""
    for left in psutil.Process().children(recursive=True):
        try:
            left.kill()
            left.wait(1)
        except (psutil.NoSuchProcess, psutil.TimeoutExpired):
            continue
