"""What middleware does around the life of a process that runs jobs."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from backend.domain.jobs.hooks.blame import blaming
from backend.domain.jobs.hooks.in_use import IN_USE
from backend.telemetry.logs.logger import Logger

log = Logger("tally.middleware")
_HOOK = "around_process"


class ProcessHooks:
    """Opened before anything else of the process, closed after it."""

    def __init__(self, kind: str) -> None:
        """``kind``: ``worker`` or ``child``."""
        self._kind = kind
        self._open: list[tuple[str, AbstractContextManager[Any]]] = []

    def open(self) -> None:
        """Raises what a middleware raises, after those before it were closed."""
        try:
            for hooks in IN_USE.all:
                if hooks.around_process is not None:
                    with blaming(hooks.name, _HOOK):
                        around = hooks.around_process(self._kind)
                        around.__enter__()
                    self._open.append((hooks.name, around))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """The last one first; what raises is named in the log."""
        while self._open:
            name, around = self._open.pop()
            try:
                around.__exit__(None, None, None)
            except BaseException:  # the others shall be closed all the same
                log.exception("middleware.failed", middleware=name, hook=_HOOK)
