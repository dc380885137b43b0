"""The thread of a worker process in which its event loop runs."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError
from contextlib import suppress
from functools import partial
from inspect import CORO_CREATED, getcoroutinestate
from typing import Any, TypeVar, cast

import structlog

from workers.job_types.current_job import current_job
from workers.runtime.ending import vital

log = structlog.get_logger("tally.worker")

T = TypeVar("T")
#: Seconds that the loop has to end what it is in the middle of.
_ENDING_SECONDS = 1.0
#: Of calls that may come thousands at once one turn of the loop does so many: what they set off (a
#: cancelled task ends, and tells how) takes some 20 ms, in which the loop answers nobody.
CALLS_OF_A_TURN = 200


class LoopThread(threading.Thread):
    """Runs the loop until it is closed, whatever tasks of handlers raise in it."""

    def __init__(self, make_loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
        super().__init__(name="loop", daemon=True)
        self.loop = make_loop()
        self.loop.set_task_factory(cast("Any", _task_of_a_job))
        #: Some job keeps it from all others: until that is over, nobody's time limit is.
        self.is_blocked = False
        self._is_over = False
        #: Calls that are made some a turn, and whether a turn is coming that makes some.
        self._calls: deque[Callable[[], object]] = deque()
        self._is_turning = False
        self._lock = threading.Lock()

    @vital
    def run(self) -> None:
        """The loop of the thread."""
        asyncio.set_event_loop(self.loop)
        while not self._is_over:
            try:
                self.loop.run_forever()
            except BaseException:
                # What SystemExit and its like do in a task that a handler made; the handler saw it too.
                log.exception("loop.raised")

    def call(self, function: Callable[..., object], *arguments: Any) -> None:
        """Has something called in the loop; from any thread."""
        self.loop.call_soon_threadsafe(function, *arguments)

    def call_in_turns(self, function: Callable[..., object], *arguments: Any) -> None:
        """The same where thousands may come at once: some a turn, so that others have the loop between.

        A stop, a lost connection to Redis or one time limit may concern every task that it has.
        """
        with self._lock:
            self._calls.append(partial(function, *arguments))
            if self._is_turning:
                return
            self._is_turning = True
        self.call(self._take_turn)

    @property
    def has_calls(self) -> bool:
        """Whether some of those are still to be made."""
        return self._is_turning

    def _take_turn(self) -> None:
        try:
            for _ in range(CALLS_OF_A_TURN):
                if not self._calls:
                    break
                self._calls.popleft()()
        finally:
            with self._lock:
                self._is_turning = bool(self._calls)
            if self._is_turning:
                self.loop.call_soon(self._take_turn)

    def done(self, work: Coroutine[Any, Any, T]) -> T:
        """What comes of a coroutine in the loop; blocks the calling thread."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()

    def end_attempts(self) -> None:
        """Cancels the attempts that still run, and waits for their ends: for a moment."""
        self._wait_for(_end_attempts())

    def close(self) -> None:
        """Ends the loop. Tasks that are left are cancelled; those that take no notice go no further."""
        self._wait_for(_end_all())
        self._is_over = True
        self.call(self.loop.stop)
        self.join(_ENDING_SECONDS)

    def _wait_for(self, ending: Coroutine[Any, Any, None]) -> None:
        """For some seconds at most: something may block the loop. A job may cancel all that is in it."""
        with suppress(TimeoutError, CancelledError):
            asyncio.run_coroutine_threadsafe(ending, self.loop).result(2 * _ENDING_SECONDS)


async def _end_attempts() -> None:
    await _cancel({task for task in asyncio.all_tasks() if isinstance(task, AttemptTask)})


async def _end_all() -> None:
    await _cancel(asyncio.all_tasks() - {asyncio.current_task()})
    await asyncio.get_running_loop().shutdown_asyncgens()


async def _cancel(tasks: set[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=_ENDING_SECONDS)


def context_of_task(task: asyncio.Task[Any] | None) -> Any:
    """The `JobContext` of the job that a task belongs to; None where nobody knows."""
    return getattr(task, "tally_context", None)


def own(task: asyncio.Task[Any], context: Any) -> None:
    """Notes to which job a task belongs."""
    task.tally_context = context  # type: ignore[attr-defined] # Python's own tasks take any attribute


class AttemptTask(asyncio.Task[T]):
    """The task that is a whole attempt. It is not for other jobs to cancel.

    Who goes through `asyncio.all_tasks()`, as loops are swept where a program has one to itself, would end
    all that run beside him, at the cost of an attempt each.
    """

    def cancel(self, msg: Any = None) -> bool:
        """Asks it to end, unless another job's task asks; whether it was asked."""
        asker = context_of_task(asyncio.current_task(self.get_loop()))
        if asker is not None and asker is not context_of_task(self):
            return False
        if getcoroutinestate(cast("Any", self.get_coro())) == CORO_CREATED:
            # It would never take its first step, and nobody would be told that the attempt has ended.
            self.get_loop().call_soon(super().cancel, msg)
            return True
        return super().cancel(msg)


def _task_of_a_job(
    loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T], **said: Any
) -> asyncio.Task[T]:
    """A task that a handler makes belongs to its job: should it block the loop, that one is named."""
    task = asyncio.Task(work, loop=loop, **said)
    own(task, current_job())
    return task
