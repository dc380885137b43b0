"""An event loop of one's own for async handlers that run one at a time: in a child, in a test."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import Context
from functools import partial
from typing import Any, TypeVar

from workers.base_worker import BaseWorker
from workers.job_types.current_job import current_job
from workers.job_types.lifespans import close_lifespans
from workers.runtime.attempts.interruption import Interruption
from workers.runtime.attempts.leftovers import LoopRun, end_leftovers, mark_tasks
from workers.runtime.ending import close_in_turn

T = TypeVar("T")


class OwnLoop:
    """Runs a coroutine to its end in the calling thread; what handlers opened lives until `close`."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._opened: list[BaseWorker] = []
        self._has_run = False
        #: Nothing is to be ended of what has run.
        self._is_tidy = True
        self._interruption = Interruption()

    def open(self, worker: BaseWorker) -> None:
        """Opens what a worker keeps in the loop; it is closed with that, and its tasks go on until then."""
        opening = LoopRun()

        async def opened() -> None:
            await worker.aopen()
            opening.lasts = True

        self._run(opened(), opening)
        self._opened.append(worker)

    def running(self, handler: Callable[..., Awaitable[Any]]) -> Callable[..., Any]:
        """The handler as a function that returns when the handler is done."""

        def run(*arguments: Any) -> Any:
            return self.run(handler(*arguments))

        return run

    def run(self, work: Awaitable[Any]) -> Any:
        """What comes of it. Tasks that it leaves behind are cancelled, as `asyncio.run` does."""
        return self._run(work, LoopRun())

    def left(self) -> str:
        """What goes on of all that was run so far, though it was to end; '' for nothing.

        To be asked when nobody holds what was raised: that holds what is to be closed.
        """
        return "" if self._is_tidy else ", ".join(_where_no_loop_runs(self._ended))

    def _ended(self, *, lasting: bool = False) -> list[str]:
        loop = self._runner.get_loop()
        with _threads_of_its_own(loop):
            return end_leftovers(loop, lasting=lasting)

    def _run(self, work: Awaitable[Any], run: LoopRun) -> Any:
        self._has_run, self._is_tidy = True, False
        context = run.context()
        return _where_no_loop_runs(lambda: self._turned(work, context))

    def _turned(self, work: Awaitable[Any], context: Context) -> Any:
        """What comes of it, once all is over that it left, also where the loop stood still for an exit."""
        loop = self._runner.get_loop()
        mark_tasks(loop)
        raised: list[Exception] = []
        with _threads_of_its_own(loop), self._interruption.possible():
            try:
                result = self._runner.run(self._attended(work, raised), context=context)
            finally:
                self._interruption.miss()
                left = end_leftovers(loop)
        if raised:
            # None of its own frames may hold it: it would live on, with all that they hold.
            raise raised.pop()
        self._is_tidy = not left
        return result

    async def _attended(self, work: Awaitable[Any], failed: list[Exception]) -> Any:
        """What comes of it. A failure of its own stands in ``failed``, and not in the task.

        Python shows the task, and what it ended with, where it looks whose signal handler is in place: an
        exception that cannot be shown would break that, for each run that follows.
        """
        self._interruption.aim(asyncio.current_task(), current_job())
        try:
            return await work
        except asyncio.CancelledError as canceled:
            if self._interruption.raised is None:
                raise
            raise self._interruption.raised from canceled
        except Exception as error:  # noqa: BLE001 - raised again by whoever runs it
            failed.append(error)

    def interrupt(self, raised: type[BaseException], reason: str) -> bool:
        """Cancels what runs, once, from another thread; its attempt ends by ``raised``.

        False when nobody turns the loop; what has just ended there has nothing more to be cancelled.
        """
        return self._interruption.interrupt(raised, reason)

    def close(self) -> None:
        """Closes what was opened in the loop, each whatever others raise, and ends it.

        A second time there is nothing left to close.
        """
        closings = [close_lifespans, *(worker.aclose for worker in self._opened)]
        try:
            close_in_turn(partial(self._closed, close) for close in closings if self._has_run)
        finally:
            self._end()

    def _closed(self, close: Callable[[], Awaitable[None]]) -> None:
        self.run(close())

    def _end(self) -> None:
        """Also with tasks that take no notice: those go no further."""
        self._opened.clear()
        if not self._has_run:
            return
        self._has_run, self._is_tidy = False, True
        if _where_no_loop_runs(lambda: self._ended(lasting=True)):
            self._runner.get_loop().close()
        else:
            self._runner.close()


def _where_no_loop_runs(turn: Callable[[], T]) -> T:
    """What comes of it, in another thread where this one runs a loop: an async test may enqueue so."""
    if asyncio._get_running_loop() is None:  # noqa: SLF001 - get_running_loop() raises instead
        return turn()
    found: list[T] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            found.append(turn())
        except BaseException as error:  # noqa: BLE001 - raised again where it was called
            raised.append(error)

    thread = threading.Thread(target=run, name="own-loop")
    thread.start()
    thread.join()
    if raised:
        raise raised.pop()
    return found[0]


@contextmanager
def _threads_of_its_own(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """For what the loop runs in threads, as it looks up each name of a host in one.

    They end with it: one that waits for more is not to be told from one that the work has left running.
    """
    threads = ThreadPoolExecutor(thread_name_prefix="asyncio")
    loop.set_default_executor(threads)
    try:
        yield
    finally:
        threads.shutdown(wait=False)
