"""An event loop of one's own for async handlers that run one at a time: in a child, in a test."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import Context, copy_context
from typing import Any

from workers.base_worker import BaseWorker, JobContext
from workers.job_types.current_job import current_job
from workers.job_types.lifespans import close_lifespans, is_keeper


class OwnLoop:
    """Runs a coroutine to its end in the calling thread; what handlers opened lives until `close`."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._opened: list[BaseWorker] = []
        self._has_run = False
        self._turning = threading.Lock()
        self._task: asyncio.Task[Any] | None = None
        self._context: JobContext | None = None
        self._interrupt: type[BaseException] | None = None

    def open(self, worker: BaseWorker) -> None:
        """Opens what a worker keeps in the loop; it is closed with that."""
        self.run(worker.aopen())
        self._opened.append(worker)

    def running(self, handler: Callable[..., Awaitable[Any]]) -> Callable[..., Any]:
        """The handler as a function that returns when the handler is done."""

        def run(*arguments: Any) -> Any:
            return self.run(handler(*arguments))

        return run

    def run(self, work: Awaitable[Any]) -> Any:
        """What comes of it. Tasks that it leaves behind are cancelled, as `asyncio.run` does."""
        context = copy_context()
        self._has_run = True
        raised: list[Exception] = []
        attended = self._attended(work, raised)
        if asyncio._get_running_loop() is None:  # noqa: SLF001 - get_running_loop() raises instead
            result = self._runner.run(attended, context=context)
        else:
            result = self._run_beside(attended, context)
        if raised:
            raise raised[0]
        return result

    def _run_beside(self, attended: Coroutine[Any, Any, Any], context: Context) -> Any:
        """In a thread that runs no loop: an async test may enqueue what runs at once."""
        found: list[Any] = []

        def run() -> None:
            try:
                found.append(self._runner.run(attended, context=context))
            except BaseException as raised:  # noqa: BLE001 - raised again where it was called
                found.append(raised)

        thread = threading.Thread(target=run, name="own-loop")
        thread.start()
        thread.join()
        if isinstance(found[0], BaseException):
            raise found[0]
        return found[0]

    async def _attended(self, work: Awaitable[Any], failed: list[Exception]) -> Any:
        """What comes of it. A failure of its own stands in ``failed``, and not in the task.

        Python shows the task, and what it ended with, where it looks whose signal handler is in place: an
        exception that cannot be shown would break that, for each run that follows.
        """
        with self._turning:
            self._task, self._context, self._interrupt = asyncio.current_task(), current_job(), None
        try:
            return await self._done(work)
        except asyncio.CancelledError as canceled:
            if self._interrupt is None:
                raise
            raise self._interrupt from canceled
        except Exception as error:  # noqa: BLE001 - raised again by whoever runs it
            failed.append(error)

    async def _done(self, work: Awaitable[Any]) -> Any:
        before = asyncio.all_tasks()
        with _threads_of_its_own():
            try:
                return await work
            finally:
                with self._turning:
                    self._task = None
                left = asyncio.all_tasks() - before
                await _cancel({task for task in left if not is_keeper(task)})

    def interrupt(self, raised: type[BaseException], reason: str) -> bool:
        """Cancels what runs, once, from another thread; its attempt ends by ``raised``.

        False when nothing runs here that could be cancelled.
        """
        with self._turning:
            if self._task is None or self._interrupt is not None:
                return False
            self._interrupt = raised
            if self._context is not None:
                self._context.stop_reason = reason
            self._runner.get_loop().call_soon_threadsafe(self._task.cancel, reason)
            return True

    def close(self) -> None:
        """Closes what was opened in the loop, and ends it. A second time there is nothing left to close."""
        try:
            if self._has_run:
                self.run(close_lifespans())
            while self._opened:
                self.run(self._opened.pop(0).aclose())
        finally:
            self._has_run = False
            self._runner.close()


@contextmanager
def _threads_of_its_own() -> Iterator[None]:
    """For what the loop runs in threads, as it looks up each name of a host in one.

    They end with it: one that waits for more is not to be told from one that the work has left running.
    """
    threads = ThreadPoolExecutor(thread_name_prefix="asyncio")
    asyncio.get_running_loop().set_default_executor(threads)
    try:
        yield
    finally:
        threads.shutdown(wait=False)


async def _cancel(tasks: set[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
