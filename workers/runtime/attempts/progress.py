"""What a handler says of how far it is, thinned to two a second; the last of it is always told."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from workers.base_worker import JobContext
from workers.runtime.children.forked_copy import is_copy

_BETWEEN_SECONDS = 0.5

#: Takes how far the job of a context is: done, of how much, and a note.
Tell = Callable[[JobContext, float, float | None, str], None]


class Progress:
    """Where one attempt says how far it is. What it holds back is told when `catch_up` is called."""

    #: What was told last; None for nothing.
    told: dict[str, Any] | None = None
    _told_at = float("-inf")
    _held_back: tuple[float, float | None, str] | None = None

    def __init__(
        self, context: JobContext, tell: Tell, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._context = context
        self._tell = tell
        self._now = now

    def __call__(self, done: float, total: float | None, note: str) -> None:
        """Tells it, or keeps it until somebody catches up."""
        if is_copy():
            return
        now = self._now()
        if now - self._told_at < _BETWEEN_SECONDS and done != total:
            self._held_back = (done, total, note)
            self._context.catch_up = self._catch_up
            return
        self._told_at = now
        self._context.catch_up = self._held_back = None
        self.told = {"done": done, "total": total, "note": note}
        self._tell(self._context, done, total, note)

    def _catch_up(self) -> None:
        if self._held_back is not None:
            held_back, self._held_back = self._held_back, None
            self.told = dict(zip(("done", "total", "note"), held_back, strict=True))
            self._tell(self._context, *held_back)
