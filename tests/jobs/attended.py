"""Jobs of a worker that notes what happens to it, in the file that `TALLY_TEST_NOTES` names."""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.jobs.well_behaved import hold, leave_line, nap
from workers.base_worker import BaseWorker, JobContext, job_type

_NOTES = os.environ.get("TALLY_TEST_NOTES", "")


def note_life(what: str) -> None:
    """A line with what happened and in which process."""
    if _NOTES:
        leave_line(_NOTES, f"{what} {os.getpid()}")


atexit.register(note_life, "exit")


class Attended(BaseWorker):
    """Its client takes as long to open and to close as the environment says, in seconds."""

    lane = "attended"

    def open(self) -> None:
        """Notes when it is asked to open, and when it is open."""
        note_life("opening")
        time.sleep(float(os.environ.get("TALLY_TEST_OPEN", "0")))
        note_life("opened")

    def close(self) -> None:
        """Notes it."""
        note_life("closing")
        time.sleep(float(os.environ.get("TALLY_TEST_CLOSE", "0")))
        note_life("closed")

    @job_type("attended_hold", timeout=600)
    def attended_hold(self, payload: dict[str, str], context: JobContext) -> int:
        """Like `hold`; says in which process."""
        hold(payload, context)
        print("buffered: a job has held")
        return os.getpid()

    @job_type("swell", timeout=600)
    def swell(self, payload: dict[str, int]) -> int:
        """Makes its process bigger by so many megabytes, for good."""
        _kept.append(bytearray(os.urandom(1)) * (payload["megabytes"] * 1024 * 1024))
        return os.getpid()


_kept: list[bytearray] = []


@job_type("isolated_nap", isolation="process", timeout=600)
def isolated_nap(payload: dict[str, object], context: JobContext) -> None:
    """Like `nap`, in a process of its own."""
    nap(payload, context)


@job_type("isolated_hold", isolation="process", timeout=600)
def isolated_hold(payload: dict[str, str], context: JobContext) -> int:
    """Like `hold`, in a process of its own; says in which."""
    hold(payload, context)
    return os.getpid()


@job_type("scratch", isolation="process", timeout=600)
def scratch(payload: dict[str, str]) -> str:
    """Where temporary files of jobs are kept; one is made there."""
    with tempfile.NamedTemporaryFile() as file:
        return str(Path(file.name).parent)


@job_type("talk", timeout=600)
def talk(payload: dict[str, str], context: JobContext) -> str:
    """Says something in every way there is, then leaves its id."""
    context.log.info("a handler's line")
    print("printed", flush=True)
    print("printed as an error", file=sys.stderr)
    leave_line(payload["file"], context.job_id)
    return "said"


@job_type("isolated_talk", isolation="process", timeout=600)
def isolated_talk(payload: dict[str, str], context: JobContext) -> str:
    """The same in a process of its own."""
    return talk(payload, context)


@job_type("sleep_through", timeout=6, grace=1)
def sleep_through(payload: dict[str, str], context: JobContext) -> None:
    """Waits in C, where nothing can be raised."""
    leave_line(payload["file"], context.job_id)
    time.sleep(3600)


_DISPOSITIONS = """
import signal
print(*(signal.getsignal(n) == signal.SIG_DFL for n in (signal.SIGTERM, signal.SIGHUP)))
print(signal.pthread_sigmask(signal.SIG_BLOCK, ()) == set())
"""


@job_type("ask_program", timeout=600)
def ask_program(payload: dict[str, str]) -> str:
    """What a program that a job starts finds of signals: their defaults, and none held back."""
    return subprocess.run(
        [sys.executable, "-c", _DISPOSITIONS], check=True, capture_output=True, text=True
    ).stdout


@job_type("isolated_ask_program", isolation="process", timeout=600)
def isolated_ask_program(payload: dict[str, str]) -> str:
    """The same from a process of its own."""
    return ask_program(payload)


@job_type("end_a_copy", timeout=600)
def end_a_copy(payload: dict[str, str]) -> int:
    """Ends a forked copy of the process by SIGTERM, as `multiprocessing` does; by which signal it went."""
    copy = os.fork()
    if copy == 0:
        time.sleep(3600)
    os.kill(copy, 15)
    return os.WTERMSIG(os.waitpid(copy, 0)[1])


@job_type("isolated_end_a_copy", isolation="process", timeout=600)
def isolated_end_a_copy(payload: dict[str, str]) -> int:
    """The same from a process of its own."""
    return end_a_copy(payload)
