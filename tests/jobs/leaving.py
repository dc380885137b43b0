"""Jobs that leave something behind in their process, and one that tells what it finds."""

from __future__ import annotations

import atexit
import decimal
import gc
import locale
import logging
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from backend.api.config.settings import default_settings
from tests.jobs.well_behaved import leave_line
from workers.base_worker import BaseWorker, JobContext, job_type


def _find() -> dict[str, Any]:
    """What a job may expect of its process."""
    umask = os.umask(0o22)
    os.umask(umask)
    handler = signal.getsignal(signal.SIGTERM)
    return {
        "umask": umask,
        "folder": str(Path.cwd()),
        "zone": os.environ.get("TZ"),
        "hour": time.localtime(0).tm_hour,
        # By name: two processes may have one function at two addresses.
        "sigterm": getattr(handler, "__qualname__", str(handler)),
        "blocked": sorted(map(str, signal.pthread_sigmask(signal.SIG_BLOCK, ()))),
        "locale": locale.setlocale(locale.LC_ALL),
        "socket": socket.getdefaulttimeout(),
        "files": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        "cpu": resource.getrlimit(resource.RLIMIT_CPU)[0],
        "path": sys.path[0],
        "digits": decimal.getcontext().prec,
        "collects": gc.isenabled(),
        "recursion": sys.getrecursionlimit(),
        "handlers": len(logging.root.handlers),
        "level": logging.root.level,
        "timer": signal.getitimer(signal.ITIMER_REAL)[0],
        "threads": sorted(thread.name for thread in threading.enumerate()),
        "nice": os.getpriority(os.PRIO_PROCESS, 0),
        "output": sys.stdout is sys.__stdout__,
    }


@job_type("find", isolation="process", timeout=600, max_retries=0)
def find(payload: dict[str, Any]) -> dict[str, Any]:
    """Tells what it finds, and where."""
    return {"pid": os.getpid(), "found": _find()}


def _set_zone() -> None:
    os.environ["TZ"] = "Asia/Tokyo"
    time.tzset()


def _deleted_folder() -> None:
    folder = tempfile.mkdtemp()
    os.chdir(folder)
    Path(folder).rmdir()


def _limit_files() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, hard))


def _limit_cpu() -> None:
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (1000, hard))


def _ignore_sigterm() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def _lose_output() -> None:
    sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 - it is left open


CHANGES: dict[str, Callable[[], object]] = {
    "alarm": lambda: signal.alarm(1),
    "interval timer": lambda: signal.setitimer(signal.ITIMER_REAL, 0.5, 0.5),
    "umask": lambda: os.umask(0o777),
    "folder": lambda: os.chdir(tempfile.mkdtemp()),
    "deleted folder": _deleted_folder,
    "zone": _set_zone,
    "environment": os.environ.clear,
    "ignored signal": _ignore_sigterm,
    "blocked signal": lambda: signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1}),
    "locale": lambda: locale.setlocale(locale.LC_ALL, "C"),
    "socket timeout": lambda: socket.setdefaulttimeout(0.01),
    "open files": _limit_files,
    "CPU time": _limit_cpu,
    "search path": lambda: sys.path.insert(0, "/nowhere"),
    "decimal": lambda: setattr(decimal.getcontext(), "prec", 3),
    "collection": gc.disable,
    "recursion": lambda: sys.setrecursionlimit(5000),
    "logging": lambda: logging.basicConfig(level=logging.DEBUG, force=True),
    "output": _lose_output,
    "niceness": lambda: os.nice(3),
    "thread": lambda: threading.Thread(target=time.sleep, args=(300,), daemon=True).start(),
    "closed input": lambda: os.close(0),
}


@job_type("change", isolation="process", timeout=600, max_retries=0)
def change(payload: dict[str, Any]) -> int:
    """Changes its process in one way."""
    CHANGES[payload["what"]]()
    return os.getpid()


@job_type("change_folder", timeout=600, max_retries=0)
def change_folder(payload: dict[str, Any]) -> None:
    """Changes the folder of its worker process, from a thread of it."""
    os.chdir(payload["folder"])


@job_type("tell_settings", isolation="process", timeout=600, max_retries=0)
def tell_settings(payload: dict[str, Any]) -> dict[str, Any]:
    """Tells some settings of its process."""
    settings = default_settings()
    return {
        "largest payload": settings.max_payload_bytes,
        "artifacts": str(settings.artifacts.folder),
        "backups": str(settings.backup.folder),
    }


class LeavingWorker(BaseWorker):
    """Tells when it is opened and closed, in whatever process."""

    def open(self) -> None:
        """Also has something done at the process' exit."""
        self._file = os.environ.get("TALLY_TEST_LEAVING", os.devnull)
        atexit.register(leave_line, self._file, f"at exit of {os.getpid()}")
        leave_line(self._file, f"opened in {os.getpid()}")

    def close(self) -> None:
        """Leaves a line."""
        leave_line(self._file, f"closed in {os.getpid()}")

    @job_type("leave", isolation="process", timeout=600, max_retries=0)
    def leave(self, payload: dict[str, Any]) -> int:
        """Runs in the process of this worker."""
        return os.getpid()


class HelpedWorker(BaseWorker):
    """Has a process that works for it, as a browser does, for as long as it is open, or beyond."""

    def open(self) -> None:
        """Starts one that starts another each time it is told a line, and says which."""
        loop = ["sh", "-c", "while read line; do sleep 600 > /dev/null 2>&1 & echo $!; done"]
        self._helper = subprocess.Popen(
            loop,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    @job_type("be_helped", isolation="process", timeout=600, max_retries=0)
    def be_helped(self, payload: dict[str, Any]) -> dict[str, int]:
        """In which process, by whom, and what that has started for it."""
        assert self._helper.stdin is not None
        assert self._helper.stdout is not None
        self._helper.stdin.write("another\n")
        self._helper.stdin.flush()
        below = int(self._helper.stdout.readline())
        return {"pid": os.getpid(), "helper": self._helper.pid, "below": below}


@job_type("isolated_log", isolation="process", timeout=600, max_retries=0)
def isolated_log(payload: dict[str, Any], context: JobContext) -> None:
    """Writes a line in each way."""
    context.log.info("signed in", password="hunter2")
    logging.getLogger("library").warning("a library's line of %s", context.job_id)


def _turn_pages(context: JobContext) -> None:
    for page in range(10):
        context.progress(page, 10, "rendering")


@job_type("turn_pages", timeout=600, max_retries=0)
def turn_pages(payload: dict[str, Any], context: JobContext) -> None:
    """Says ten times in a moment how far it is."""
    _turn_pages(context)


@job_type("isolated_turn_pages", isolation="process", timeout=600, max_retries=0)
def isolated_turn_pages(payload: dict[str, Any], context: JobContext) -> None:
    """The same in a process of its own."""
    _turn_pages(context)


@job_type("stay", isolation="process", timeout=600, max_retries=0)
def stay(payload: dict[str, Any]) -> int:
    """Has its process sleep at its exit."""
    atexit.register(time.sleep, 300)
    return os.getpid()


_opened: list[int] = []


@job_type("open_files", timeout=600, max_retries=0)
def open_files(payload: dict[str, Any]) -> None:
    """Leaves many files open in its worker process."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    _opened.extend(os.open(os.devnull, os.O_RDONLY) for _ in range(payload["files"]))
