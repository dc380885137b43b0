"""The interrupt of what runs in an own loop, from another thread: a cancel of its task."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from workers.base_worker import JobContext


class Interruption:
    """Knows whether somebody turns the loop, and for which task; one interrupt for each run."""

    def __init__(self) -> None:
        self._aim = threading.Lock()
        self._is_turning = self._is_over = False
        self._task: asyncio.Task[Any] | None = None
        self._context: JobContext | None = None
        #: What the run was cancelled for; None: it was not.
        self.raised: type[BaseException] | None = None
        self._reason = ""

    @contextmanager
    def possible(self) -> Iterator[None]:
        """While a run turns the loop, from before its task begins until what it left has ended."""
        with self._aim:
            self._is_turning, self._is_over, self.raised = True, False, None
        try:
            yield
        finally:
            with self._aim:
                self._is_turning = False
                self._task = self._context = None

    def aim(self, task: asyncio.Task[Any] | None, context: JobContext | None) -> None:
        """Says which task it would hit, and whose that is. One that came before hits it now."""
        with self._aim:
            self._task, self._context = task, context
            if self.raised is not None:
                self._hit()

    def miss(self) -> None:
        """What is run is over: an interrupt is too late for it, and nobody else's."""
        with self._aim:
            self._is_over = True

    def interrupt(self, raised: type[BaseException], reason: str) -> bool:
        """Cancels what runs, once, from another thread; its attempt ends by ``raised``.

        False when nobody turns the loop: whatever runs is none of its tasks.
        """
        with self._aim:
            if self._is_turning and not self._is_over and self.raised is None:
                self.raised, self._reason = raised, reason
                self._hit()
            return self._is_turning

    def _hit(self) -> None:
        if self._context is not None:
            self._context.stop_reason = self._reason
        if self._task is not None:
            self._task.get_loop().call_soon_threadsafe(self._task.cancel, self._reason)
