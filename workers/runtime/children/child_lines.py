"""Lines that an isolated job logs, on their way to its worker process: a flood of them is thinned."""

from __future__ import annotations

import time
from collections.abc import Callable

from backend.domain.jobs.attempts.noted_progress import RawLine
from workers.runtime.children.forked_copy import is_copy

_AT_ONCE = 200
#: After so many, one in so many seconds.
_BETWEEN_SECONDS = 0.05


class ChildLines:
    """The child's side, for one attempt."""

    def __init__(
        self, send: Callable[[RawLine], None], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._send = send
        self._now = now
        self._sent = 0
        self._sent_at = float("-inf")

    def __call__(self, line: RawLine) -> None:
        """Sends a line, or leaves it out: all of them come with the outcome."""
        now = self._now()
        if is_copy() or (self._sent >= _AT_ONCE and now - self._sent_at < _BETWEEN_SECONDS):
            return
        self._sent += 1
        self._sent_at = now
        self._send(line)
