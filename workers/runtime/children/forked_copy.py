"""Tells a process that runs jobs from the copies that its jobs make of it with `os.fork`.

A copy comes with the whole stack of its original: when the handler in it ended, it went on as a worker,
settled jobs with its original's connections and claimed new ones. It may only run its handler.
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Callable

_watched = False
_in_copy = False
_let_go: list[Callable[[], None]] = []


def watch(let_go: Callable[[], None] | None = None) -> None:
    """From here on each fork of this process is a copy, which first of all calls ``let_go``.

    Not from the import on: a web server forks its processes after it, and each may run jobs.
    """
    global _watched, _in_copy
    _watched, _in_copy = True, False
    if let_go is not None:
        _let_go.append(let_go)


def is_copy() -> bool:
    """Whether this process is a copy of one that runs jobs."""
    return _in_copy


def end_copy(raised: BaseException | None = None) -> None:
    """Ends a copy, whose handler has returned or ``raised``, as Python would; the original goes on."""
    if not _in_copy:
        return
    status = 1
    try:
        status = _status(raised)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        # Neither what the original registered to be done at its exit, nor its threads' locks.
        os._exit(status)


def _status(raised: BaseException | None) -> int:
    if isinstance(raised, SystemExit):
        if raised.code is None or isinstance(raised.code, int):
            return raised.code or 0
        print(raised.code, file=sys.stderr)
    elif raised is not None:
        traceback.print_exception(raised)
    return int(raised is not None)


def _become_copy() -> None:
    global _in_copy  # noqa: PLW0603 - it is a fact about the process
    if not _watched:
        return
    _in_copy = True
    for let_go in _let_go:
        with contextlib.suppress(OSError):
            let_go()


os.register_at_fork(after_in_child=_become_copy)
