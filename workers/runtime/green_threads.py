"""Refuses to run jobs where a library has replaced Python's threads by its own."""

from __future__ import annotations

import _thread
from types import BuiltinFunctionType

from backend.domain.errors import ConfigurationError


def refuse_green_threads() -> None:
    """Raises `ConfigurationError` once gevent or the like has patched this process.

    Slots, heartbeat and time limits need threads of the operating system: on green ones a process
    starts, looks well, and never runs a job.
    """
    start = _thread.start_new_thread
    if isinstance(start, BuiltinFunctionType):
        return
    library = start.__module__.partition(".")[0]
    raise ConfigurationError(
        f"a job package, or what it imports, replaces Python's threads by those of {library} (its "
        "monkey patch; grequests and locust do so too when they are imported), and no job could run: "
        "leave out the patch, or run that code as a program of its own"
    )
