"""Jobs that do what they are told, and leave a line for each start."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from workers.base_worker import JobContext, RetryLater, job_type


def leave_line(path: str, text: str) -> None:
    """Appends one line in one write, so that lines of many processes do not mix."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, f"{text}\n".encode())
    finally:
        os.close(descriptor)


@job_type("note", timeout=600)
def note(payload: dict[str, str], context: JobContext) -> dict[str, object]:
    """Leaves its id in a file and says who ran it."""
    leave_line(payload["file"], context.job_id)
    return {"pid": os.getpid(), "attempt": context.attempt}


@job_type("nap", timeout=600)
def nap(payload: dict[str, object], context: JobContext) -> None:
    """Leaves its id, then sleeps ``seconds``, looking for a cancel now and then."""
    leave_line(str(payload["file"]), context.job_id)
    end = time.monotonic() + float(str(payload["seconds"]))
    while time.monotonic() < end and not context.canceled:
        time.sleep(0.02)
    if not context.canceled:
        leave_line(str(payload["file"]), f"{context.job_id} woke")


@job_type("isolated_sleep", isolation="process", timeout=600, max_retries=0)
def isolated_sleep(payload: dict[str, object], context: JobContext) -> int:
    """Leaves its id, and sleeps ``seconds``; says in which process."""
    leave_line(str(payload["file"]), context.job_id)
    time.sleep(float(str(payload["seconds"])))
    return os.getpid()


@job_type("isolated_compute", isolation="process", timeout=600, max_retries=0)
def isolated_compute(payload: dict[str, object]) -> int:
    """Uses ``seconds`` of CPU time, ``deaf`` to the signal at its limit or not; says in which process."""
    if payload.get("deaf"):
        signal.signal(signal.SIGXCPU, signal.SIG_IGN)
    end = time.process_time() + float(str(payload["seconds"]))
    while time.process_time() < end:
        pass
    return os.getpid()


@job_type("hold", timeout=600)
def hold(payload: dict[str, str], context: JobContext) -> None:
    """Leaves its id, then runs until a file appears."""
    leave_line(payload["file"], context.job_id)
    context.progress(1, 2, "holding")
    while not Path(payload["until"]).exists():
        time.sleep(0.01)


@job_type("isolated_note", isolation="process", timeout=600)
def isolated_note(payload: dict[str, str], context: JobContext) -> dict[str, int]:
    """Like `note`, in a process of its own."""
    leave_line(payload["file"], context.job_id)
    context.progress(1, 2, "isolated")
    return {"pid": os.getpid(), "attempt": context.attempt}


def _count_up(payload: dict[str, object], context: JobContext) -> list[object]:
    """What was kept before, what a value too large is met with, and what is kept then."""
    before = context.checkpoint()
    try:
        context.save_checkpoint("x" * 20_000)
    except ValueError as error:
        refusal = str(error)
    context.save_checkpoint({"ä": context.attempt})
    if context.attempt == 1:
        raise RetryLater(delay=0.05)
    return [before, refusal.partition(";")[0], context.checkpoint()]


@job_type("count_up", timeout=600)
def count_up(payload: dict[str, object], context: JobContext) -> list[object]:
    """Keeps a checkpoint for its second attempt."""
    return _count_up(payload, context)


@job_type("isolated_count_up", isolation="process", timeout=600)
def isolated_count_up(payload: dict[str, object], context: JobContext) -> list[object]:
    """The same in a process of its own."""
    return _count_up(payload, context)
