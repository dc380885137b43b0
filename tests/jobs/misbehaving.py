"""Jobs that do what jobs should not."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import time
from typing import Any

from tests.jobs.well_behaved import leave_line
from workers.base_worker import JobContext, PermanentFailure, RetryLater, Snooze, job_type


@job_type("fail", retry_delays=[0.05, 0.05], timeout=600)
def fail(payload: dict[str, Any], context: JobContext) -> str:
    """Raises ``message``; succeeds from attempt ``until`` on."""
    if context.attempt >= payload.get("until", 10**9):
        return "at last"
    raise ValueError(payload.get("message", "as told"))


@job_type("signal_by_word", retry_delays=[0.05], timeout=600)
def signal_by_word(payload: dict[str, str], context: JobContext) -> str:
    """Raises what it is told by a word, at its first attempt."""
    if context.attempt > 1:
        return "again"
    raise {
        "permanent": PermanentFailure("never"),
        "later": RetryLater("busy", delay=0.2),
        "snooze": Snooze(0.2),
    }[payload["word"]]


@job_type("unencodable", max_retries=0, timeout=600)
def unencodable(payload: dict[str, Any]) -> object:
    """Returns what is not JSON."""
    return object()


@job_type("spin", timeout=0.5, grace=5, max_retries=0)
def spin(payload: dict[str, Any]) -> None:
    """Computes for ever, in Python."""
    while True:
        pass


@job_type("isolated_spin", isolation="process", timeout=0.5, grace=20, max_retries=0)
def isolated_spin(payload: dict[str, Any]) -> None:
    """Computes for ever, in a process of its own."""
    spin(payload)


@job_type("stubborn", timeout=0.3, grace=0.3, max_retries=0)
def stubborn(payload: dict[str, Any]) -> None:
    """Leaves a line, then swallows everything that is raised in it."""
    leave_line(payload["file"], "stubborn")
    _swallow()


def _swallow() -> None:
    while True:
        try:
            time.sleep(0.05)
        except BaseException:  # noqa: BLE001, S112 - that is its misbehaviour
            continue


@job_type("hold_interpreter", timeout=0.3, grace=0.3, max_retries=0)
def hold_interpreter(payload: dict[str, Any]) -> int:
    """Computes for many seconds in C, without letting other threads run."""
    return pow(7, 10**8) % 10


@job_type("isolated_stubborn", isolation="process", timeout=0.3, grace=0.3, max_retries=0)
def isolated_stubborn(payload: dict[str, Any]) -> None:
    """Swallows everything, and leaves a grandchild in a session of its own."""
    sleeper = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(300)"], start_new_session=True
    )
    leave_line(payload["file"], str(sleeper.pid))
    _swallow()


@job_type("leave_child", isolation="process", timeout=600)
def leave_child(payload: dict[str, Any]) -> None:
    """Ends well, but leaves a process behind."""
    sleeper = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(300)"], start_new_session=True
    )
    leave_line(payload["file"], str(sleeper.pid))


@job_type("segfault", max_retries=2, timeout=600)
def segfault(payload: dict[str, Any]) -> None:
    """Takes its process down."""
    ctypes.string_at(0)


@job_type("exit_quietly", isolation="process", max_retries=0, timeout=600)
def exit_quietly(payload: dict[str, Any]) -> None:
    """Leaves with status 0, as if all were well."""
    os._exit(0)


@job_type("eat_memory", isolation="process", max_retries=0, timeout=600)
def eat_memory(payload: dict[str, Any]) -> None:
    """Takes memory until there is none."""
    eaten = []
    while True:
        eaten.append(bytearray(64 * 1024 * 1024))
