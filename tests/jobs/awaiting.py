"""Async jobs that do what they are told, and some that do what they should not."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from tally import lifespan
from tests.jobs.well_behaved import leave_line
from workers.base_worker import BaseWorker, JobContext, current_job, job_type


@job_type("async_note", timeout=600)
async def async_note(payload: dict[str, str], context: JobContext) -> dict[str, Any]:
    """Leaves its id in a file and says who ran it."""
    leave_line(payload["file"], context.job_id)
    await asyncio.sleep(0)
    context.progress(1, 2, "noted")
    return {"pid": os.getpid(), "attempt": context.attempt, "same": current_job() is context}


@job_type("async_nap", timeout=600)
async def async_nap(payload: dict[str, Any], context: JobContext) -> None:
    """Leaves its id, then waits ``seconds``."""
    leave_line(payload["file"], context.job_id)
    await asyncio.sleep(float(payload["seconds"]))


@job_type("async_hold", timeout=600)
async def async_hold(payload: dict[str, str], context: JobContext) -> None:
    """Leaves its id, then waits until a file appears or somebody asks it to end; says why it ended."""
    leave_line(payload["file"], context.job_id)
    try:
        while not Path(payload["until"]).exists() and not context.canceled:
            await asyncio.sleep(0.02)
    except asyncio.CancelledError:
        leave_line(payload["file"], f"{context.job_id} {context.stop_reason}")
        raise


@job_type("async_linger", timeout=2, max_retries=0)
async def async_linger(payload: dict[str, str], context: JobContext) -> None:
    """Waits for ever, and says by which word it was ended."""
    try:
        await asyncio.Event().wait()
    finally:
        leave_line(payload["file"], f"{context.job_id} {context.stop_reason}")


@job_type("isolated_async_linger", isolation="process", timeout=2, grace=20, max_retries=0)
async def isolated_async_linger(payload: dict[str, str], context: JobContext) -> None:
    """The same in a process of its own."""
    await async_linger(payload, context)


@job_type("isolated_async_note", isolation="process", timeout=600)
async def isolated_async_note(payload: dict[str, str], context: JobContext) -> dict[str, Any]:
    """Like `async_note`, in a process of its own."""
    return await async_note(payload, context)


@job_type("isolated_async_threads", isolation="process", timeout=600)
async def isolated_async_threads(payload: dict[str, Any], context: JobContext) -> int:
    """Has the loop do some things in threads, as it does for names of hosts; says in which process.

    What goes on for ``seconds`` it does not wait for.
    """
    loop = asyncio.get_running_loop()
    await loop.getaddrinfo("localhost", 80)
    if seconds := payload.get("seconds"):
        loop.run_in_executor(None, time.sleep, seconds)
    return await asyncio.to_thread(os.getpid)


@job_type("async_block", timeout=600)
async def async_block(payload: dict[str, Any], context: JobContext) -> None:
    """Leaves its id, and keeps the loop from all others for ``seconds``, in a task of its own."""
    leave_line(payload["file"], context.job_id)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_block(float(payload["seconds"])))


async def _block(seconds: float) -> None:
    time.sleep(seconds)


@job_type("async_stubborn", timeout=2, grace=2, max_retries=0)
async def async_stubborn(payload: dict[str, Any], context: JobContext) -> None:
    """Swallows every cancellation until a file appears."""
    leave_line(payload["file"], context.job_id)
    while not Path(payload["until"]).exists():
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(0.05)
    leave_line(payload["file"], f"{context.job_id} ended")


@job_type("async_exit", max_retries=0)
async def async_exit(payload: dict[str, Any]) -> None:
    """Leaves by a task of its own, as a library might."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_exit())


async def _exit() -> None:
    raise SystemExit(3)


@job_type("isolated_async_exit", isolation="process", timeout=600, max_retries=0)
async def isolated_async_exit(payload: dict[str, str], context: JobContext) -> None:
    """The same in a process of its own; it itself would go on."""
    exiting = asyncio.create_task(_exit())
    while True:
        leave_line(payload["file"], f"{context.job_id} goes on")
        await asyncio.sleep(0.02)
        await asyncio.wait([exiting], timeout=0.02)


@job_type("isolated_async_leave", isolation="process", timeout=600, max_retries=0)
async def isolated_async_leave(payload: dict[str, str]) -> int:
    """Leaves a task that takes no notice of its cancel; says in which process."""
    task = asyncio.create_task(_take_no_notice(), name="obstinate")
    await asyncio.wait([task], timeout=0.01)
    return os.getpid()


async def _take_no_notice() -> None:
    while True:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(600)


class Refusing(BaseWorker):
    """A worker whose client cannot be opened at first, in each process of isolated jobs."""

    lane = "default"
    opened = closed = 0

    async def aopen(self) -> None:
        """Fails the first time."""
        if threading.current_thread() is threading.main_thread():
            Refusing.opened += 1
            if Refusing.opened == 1:
                raise OSError("not there yet")
        self.client = "open"

    def close(self) -> None:
        """Counts."""
        Refusing.closed += 1

    @job_type("isolated_async_refused", isolation="process", timeout=600, max_retries=0)
    async def refused(self, payload: dict[str, str]) -> list[Any]:
        """What it has, and how many of its kind were closed before."""
        return [self.client, Refusing.closed]


class Opened(BaseWorker):
    """A worker with something that belongs to the loop."""

    async def aopen(self) -> None:
        """Remembers it."""
        self.loop = asyncio.get_running_loop()

    @job_type("async_opened", timeout=600)
    async def opened(self, payload: dict[str, str]) -> bool:
        """Whether it runs where it was opened."""
        return self.loop is asyncio.get_running_loop()

    @job_type("isolated_async_opened", isolation="process", timeout=600)
    async def isolated_opened(self, payload: dict[str, str]) -> bool:
        """The same in a process of its own."""
        return self.loop is asyncio.get_running_loop()


@lifespan
async def shared() -> AsyncIterator[int]:
    """Leaves a line where `TALLY_TEST_WITNESS` says when it is opened, and when it is closed."""
    leave_line(os.environ["TALLY_TEST_WITNESS"], f"{os.getpid()} opened")
    yield os.getpid()
    leave_line(os.environ["TALLY_TEST_WITNESS"], f"{os.getpid()} closed")


@job_type("async_shared", timeout=600)
async def async_shared(payload: dict[str, str]) -> int:
    """What all of its process share."""
    return await shared()


@job_type("isolated_async_shared", isolation="process", timeout=600)
async def isolated_async_shared(payload: dict[str, str]) -> int:
    """The same in a process of its own."""
    return await shared()


_seen: ContextVar[str] = ContextVar("seen", default="")


@job_type("async_seen", timeout=600)
async def async_seen(payload: dict[str, str], context: JobContext) -> list[str]:
    """What it finds in a context variable, before and after it sets that itself."""
    before = _seen.get()
    _seen.set(context.job_id)
    await asyncio.sleep(0.01)
    return [before, _seen.get()]


@job_type("no_loop_here", lane="quiet", timeout=600)
def no_loop_here(payload: dict[str, str]) -> dict[str, list[str]]:
    """Which threads its process has, and which modules of the loop it has read."""
    loops = [name for name in sys.modules if name.startswith("workers.runtime.loop")]
    return {"threads": [thread.name for thread in threading.enumerate()], "modules": loops}
