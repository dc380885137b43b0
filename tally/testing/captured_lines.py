"""Lines of `logging` that a handler writes stay with its attempt, as in a worker."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from backend.api.config.engine_settings import LogSettings
from backend.telemetry.logs.job_lines import keep_lines_of_jobs

_lock = threading.Lock()
#: Attempts that run now, in whatever threads; before the first, the level of the root logger, and whether
#: lines were kept.
_running = 0
_level_before = logging.NOTSET
_kept_before = False


@contextmanager
def captured_lines(said: LogSettings) -> Iterator[None]:
    """Keeps them while this lasts, as the settings say it of workers; then `logging` is as before."""
    if not said.capture:
        yield
        return
    _begin(said)
    try:
        yield
    finally:
        _end()


def _begin(said: LogSettings) -> None:
    global _running, _level_before, _kept_before  # noqa: PLW0603 - what is changed is the process's
    with _lock:
        root = logging.getLogger()
        if not _running:
            _level_before = root.level
            _kept_before = keep_lines_of_jobs(True)
            if said.setup == "tally":
                # Else `info` would make no line at all. A level that lets more through stays.
                root.setLevel(min(root.level, logging.getLevelNamesMapping()[said.level]))
        _running += 1


def _end() -> None:
    global _running  # noqa: PLW0603 - as above
    with _lock:
        _running -= 1
        if not _running:
            keep_lines_of_jobs(_kept_before)
            logging.getLogger().setLevel(_level_before)
