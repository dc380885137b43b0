"""Jobs that make copies of their process, or use other processes."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from tests.jobs.well_behaved import leave_line
from workers.base_worker import JobContext, job_type


def _fork(payload: dict[str, Any], context: JobContext) -> str:
    """The copy says who it is, tries to speak for the job, and goes the way it is told."""
    copy = os.fork()
    if copy == 0:
        leave_line(payload["file"], f"copy {os.getpid()}")
        context.progress(99, 100, "from the copy")
        if payload["way"] == "exit":
            sys.exit(3)
        if payload["way"] == "raise":
            raise ValueError("in the copy")
        return "from the copy"
    if payload.get("wait"):
        return f"status {os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1])}"
    return "from the original"


@job_type("fork", timeout=600, max_retries=0)
def fork(payload: dict[str, Any], context: JobContext) -> str:
    """Forks in a thread of its worker process."""
    return _fork(payload, context)


@job_type("isolated_fork", isolation="process", timeout=600, max_retries=0)
def isolated_fork(payload: dict[str, Any], context: JobContext) -> str:
    """Forks in a process of its own."""
    return _fork(payload, context)


@job_type("detach", timeout=600, max_retries=0)
def detach(payload: dict[str, Any]) -> int:
    """Has a program leave another one running; which."""
    left = ["sh", "-c", "sleep 600 > /dev/null 2>&1 & echo $!"]
    return int(subprocess.run(left, stdout=subprocess.PIPE, check=True).stdout)


@job_type("pool_in_thread", timeout=600, max_retries=0)
def pool_in_thread(payload: dict[str, Any]) -> list[int]:
    """What had better be isolated."""
    with multiprocessing.get_context("fork").Pool(2) as pool:
        return pool.map(abs, [-1, -2, -3])


@job_type("isolated_echo", isolation="process", timeout=600, max_retries=0)
def isolated_echo(payload: dict[str, Any]) -> dict[str, Any]:
    """Returns its tag, and where it ran."""
    return {"tag": payload["tag"], "pid": os.getpid()}


@job_type("many_processes", isolation="process", timeout=600, max_retries=0)
def many_processes(payload: dict[str, Any]) -> list[int]:
    """Computes in other processes, in one of the ways there are."""
    numbers = [-1, -2, -3]
    if payload["way"] == "subprocess":
        command = [sys.executable, "-c", "print([1, 2, 3])"]
        output = subprocess.run(command, capture_output=True, check=True, text=True).stdout
        return [int(number) for number in output.strip("[]\n").split(",")]
    if payload["way"] == "set_start_method":
        multiprocessing.set_start_method("spawn")
        with multiprocessing.Pool(2) as pool:
            return pool.map(abs, numbers)
    if payload["way"] == "executor":
        with ProcessPoolExecutor(2) as executor:
            return list(executor.map(abs, numbers))
    if payload["way"] == "kept executor":
        return list(_kept_executor().map(abs, numbers))
    with multiprocessing.get_context(payload["way"]).Pool(2) as pool:
        return pool.map(abs, numbers)


_executors: list[ProcessPoolExecutor] = []


def _kept_executor() -> ProcessPoolExecutor:
    """As joblib does: kept for the next call, with its processes and threads."""
    if not _executors:
        _executors.append(ProcessPoolExecutor(2))
    return _executors[0]
