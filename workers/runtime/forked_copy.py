"""Tells a process that runs jobs from the copies that its jobs make of it with `os.fork`.

A copy comes with the whole stack of its original: when the handler in it ended, it went on as a worker,
settled jobs with its original's connections and claimed new ones. It may only run its handler.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any

_STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

_watched = False
_in_copy = False
_handlers: dict[int, Any] = {}
_let_go: list[Callable[[], None]] = []
#: What each thread that forks lets through otherwise.
_held = threading.local()


def watch(let_go: Callable[[], None] | None = None) -> None:
    """From here on each fork of this process is a copy, which first of all calls ``let_go``.

    Not from the import on: a web server forks its processes after it, and each may run jobs.
    """
    global _watched, _in_copy
    _watched, _in_copy = True, False
    _handlers.update((number, signal.getsignal(number)) for number in _STOPS)
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


def _hold_signals() -> None:
    """One that came before the copy has put its handlers right would be lost on it."""
    if _watched:
        _held.mask = signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)


def _let_signals_through() -> None:
    if hasattr(_held, "mask"):
        signal.pthread_sigmask(signal.SIG_SETMASK, _held.mask)


def _become_copy() -> None:
    global _in_copy  # noqa: PLW0603 - it is a fact about the process
    if not _watched:
        return
    _in_copy = True
    for let_go in _let_go:
        with contextlib.suppress(OSError):
            let_go()
    _answer_to_signals()
    _let_signals_through()


def _answer_to_signals() -> None:
    """Our handlers ask a worker process to stop; in a copy nobody would hear them, and it would stay.

    The processes of a `multiprocessing.Pool` are ended by SIGTERM.
    """
    for number, handler in _handlers.items():
        if signal.getsignal(number) == handler:
            default = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
            signal.signal(number, default)


os.register_at_fork(
    before=_hold_signals, after_in_parent=_let_signals_through, after_in_child=_become_copy
)
