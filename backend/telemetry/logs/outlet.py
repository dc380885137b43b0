"""Where the lines of `logging` go: one outlet for the process, whoever else listens beside it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    import threading


class Outlet(logging.StreamHandler[TextIO]):
    """A stream's handler whose lock nobody leaves with that is raised in his thread from outside.

    A time limit or a stop reaches a handler of jobs at whatever line it stands. Before Python 3.13
    `logging` calls `acquire()` and enters its `try` a step later: who was reached in between, most of all
    while he waited for another's line, went without giving the lock back, and nobody in the process
    logged again. `with` has no such gap.
    """

    lock: threading.RLock

    def handle(self, record: logging.LogRecord) -> bool | logging.LogRecord:  # type: ignore[override]
        """Writes the line, unless a filter keeps it back or puts another in its place."""
        kept = self.filter(record)
        if kept:
            with self.lock:
                self.emit(kept if isinstance(kept, logging.LogRecord) else record)
        return kept

    def flush(self) -> None:
        """Hands on to the stream what it holds."""
        with self.lock:
            if self.stream and hasattr(self.stream, "flush"):
                self.stream.flush()
