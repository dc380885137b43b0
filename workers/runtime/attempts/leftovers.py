"""What a run leaves in a loop that others use after it: tasks that are cancelled, and open generators."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from contextlib import suppress
from contextvars import Context, ContextVar, copy_context
from typing import Any, cast

#: Seconds that they have to end.
_ENDING_SECONDS = 1.0


class LoopRun:
    """Whose a task is: it, and all that are started by its tasks, in turn."""

    def __init__(self) -> None:
        #: What it starts lives as long as the loop.
        self.lasts = False

    def context(self) -> Context:
        """A copy of that of the caller, in which what is started is the run's."""
        context = copy_context()
        context.run(_RUN.set, self)
        return context


#: None: of no run, but of what runs share.
_RUN: ContextVar[LoopRun | None] = ContextVar("run", default=None)
#: A task that was made by other means than the loop's is whoever's run it was.
_UNKNOWN = LoopRun()


def mark_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """Has each task that is made in the loop know its run."""
    loop.set_task_factory(cast("Any", _task_of_a_run))


def _task_of_a_run(
    loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any], **said: Any
) -> asyncio.Task[Any]:
    task = asyncio.Task(work, loop=loop, **said)
    context = said.get("context")
    run = _RUN.get() if context is None else context.get(_RUN)
    task.tally_run = run  # type: ignore[attr-defined] # Python's own tasks take any attribute
    return task


def end_leftovers(loop: asyncio.AbstractEventLoop, *, lasting: bool = False) -> list[str]:
    """Turns the loop until what runs have left is over, for a second at most; names what goes on.

    With ``lasting`` that is everything: the loop ends.
    """
    ending = loop.create_task(_ended(lasting))
    deadline = time.monotonic() + 2 * _ENDING_SECONDS
    while not ending.done() and time.monotonic() < deadline:
        # What a task raises as it ends, or says to the loop: the others are to end all the same.
        with suppress(SystemExit, RuntimeError, asyncio.CancelledError):
            loop.run_until_complete(ending)
    return [f"the task {task.get_name()}" for task in _left(asyncio.all_tasks(loop), lasting)]


async def _ended(lasting: bool) -> None:
    """Each is cancelled once; what those leave that end so is looked for again."""
    deadline = time.monotonic() + _ENDING_SECONDS
    canceled: set[asyncio.Task[Any]] = set()
    itself = {asyncio.current_task()}
    while left := _left(asyncio.all_tasks() - itself, lasting):
        seconds = deadline - time.monotonic()
        if seconds <= 0:
            return
        for task in left - canceled:
            if not _closes_a_generator(task):
                task.cancel()
                canceled.add(task)
        await asyncio.wait(left, timeout=seconds)
        for task in canceled & left:
            if task.done() and not task.cancelled():
                # Or Python would tell of what it raised, which nobody waits for.
                task.exception()


def _left(tasks: set[asyncio.Task[Any]], lasting: bool) -> set[asyncio.Task[Any]]:
    return {task for task in tasks if lasting or _closes_a_generator(task) or _is_of_a_run(task)}


def _is_of_a_run(task: asyncio.Task[Any]) -> bool:
    run = getattr(task, "tally_run", _UNKNOWN)
    return run is not None and not run.lasts


def _closes_a_generator(task: asyncio.Task[Any]) -> bool:
    """One that Python has made for what was dropped half-way; it rolls back, or lets go of a lock."""
    return type(task.get_coro()).__name__ == "async_generator_athrow"
