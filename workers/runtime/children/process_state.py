"""What a job can change about the process it runs in, and how it is put back for the next one.

Not everything can: modules and what they hold are the job's own business. What cannot be put back, such
as a thread that still runs, is told, so that no other job runs in that process.
"""

from __future__ import annotations

import decimal
import gc
import locale
import logging
import os
import resource
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

_TIMERS = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)
#: Those above are for real-time use: nobody's business but a library's.
_LAST_SIGNAL = 31
_SIGNALS = tuple(number for number in signal.valid_signals() if number <= _LAST_SIGNAL)
#: That of CPU time is another for each job, and whoever puts back an old one is killed.
_LIMITS = tuple(
    number
    for name, number in vars(resource).items()
    if name.startswith("RLIMIT_") and number != resource.RLIMIT_CPU
)
#: Such as a limit that only root may raise again.
_REFUSALS = (OSError, ValueError, RuntimeError, locale.Error)
#: Seconds that threads which are ending have for it.
_ENDING_SECONDS = 0.1


class Aspect(NamedTuple):
    """One thing about a process. `restore` is given what `read` said before."""

    name: str
    read: Callable[[], Any]
    restore: Callable[[Any], object]


def _running_timers() -> set[int]:
    return {timer for timer in _TIMERS if signal.getitimer(timer)[0]}


def _stop_timers(but: set[int]) -> None:
    for timer in _running_timers() - but:
        signal.setitimer(timer, 0)


def _handlers() -> dict[int, Any]:
    return {number: signal.getsignal(number) for number in _SIGNALS}


def _handle(handlers: Mapping[int, Any]) -> None:
    for number, handler in handlers.items():
        # None: it was set by something else than Python, which alone can set it again.
        if handler is not None and signal.getsignal(number) != handler:
            signal.signal(number, handler)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _set_environment(variables: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(variables)
    time.tzset()


def _set_limits(limits: Mapping[int, tuple[int, int]]) -> None:
    for number, pair in limits.items():
        if resource.getrlimit(number) != pair:
            resource.setrlimit(number, pair)


def _streams() -> tuple[Any, ...]:
    """The objects, and the files below them."""
    files = [os.fstat(number) for number in range(3)]
    return (sys.stdin, sys.stdout, sys.stderr, *[(file.st_dev, file.st_ino) for file in files])


def _set_streams(streams: tuple[Any, ...]) -> None:
    sys.stdin, sys.stdout, sys.stderr = streams[:3]


def _decimal_context() -> Any:
    context = decimal.getcontext()
    context.clear_flags()
    return context.__reduce__()


def _logging() -> tuple[Any, ...]:
    return logging.root.level, logging.root.manager.disable, logging.root.handlers[:]


def _set_logging(state: tuple[Any, ...]) -> None:
    logging.root.setLevel(state[0])
    logging.disable(state[1])
    logging.root.handlers[:] = state[2]


def _start_method() -> str | None:
    multiprocessing: Any = sys.modules.get("multiprocessing")
    return multiprocessing.get_start_method(allow_none=True) if multiprocessing else None


def _set_start_method(method: str | None) -> None:
    sys.modules["multiprocessing"].set_start_method(method, force=True)


ASPECTS = (
    # First of all: an alarm of the job's must not go off while the rest is put back.
    Aspect("a timer", _running_timers, _stop_timers),
    Aspect("signal handlers", _handlers, _handle),
    Aspect(
        "blocked signals",
        lambda: signal.pthread_sigmask(signal.SIG_BLOCK, ()),
        lambda mask: signal.pthread_sigmask(signal.SIG_SETMASK, mask),
    ),
    Aspect("the working folder", os.getcwd, os.chdir),
    Aspect("umask", _umask, os.umask),
    Aspect("the environment", lambda: dict(os.environ), _set_environment),
    Aspect(
        "the search path", lambda: sys.path[:], lambda path: sys.path.__setitem__(slice(None), path)
    ),
    Aspect(
        "the locale",
        lambda: locale.setlocale(locale.LC_ALL),
        lambda name: locale.setlocale(locale.LC_ALL, name),
    ),
    Aspect("the sockets' timeout", socket.getdefaulttimeout, socket.setdefaulttimeout),
    Aspect(
        "its niceness",
        lambda: os.getpriority(os.PRIO_PROCESS, 0),
        lambda value: os.setpriority(os.PRIO_PROCESS, 0, value),
    ),
    Aspect("resource limits", lambda: {n: resource.getrlimit(n) for n in _LIMITS}, _set_limits),
    Aspect("the standard streams", _streams, _set_streams),
    Aspect("logging", _logging, _set_logging),
    Aspect("the decimal context", _decimal_context, lambda it: decimal.setcontext(it[0](*it[1]))),
    Aspect("garbage collection", gc.isenabled, lambda on: gc.enable() if on else gc.disable()),
    Aspect("the recursion limit", sys.getrecursionlimit, sys.setrecursionlimit),
    Aspect("multiprocessing", _start_method, _set_start_method),
)


class ProcessState:
    """This process as it is now, to be returned to."""

    def __init__(self) -> None:
        self._values = [(aspect, aspect.read()) for aspect in ASPECTS]
        self._threads = set(threading.enumerate())

    def restore(self) -> str:
        """Puts back what changed, in the main thread; says what stayed otherwise, '' for nothing."""
        left = [aspect.name for aspect, value in self._values if not _is_back(aspect, value)]
        return ", ".join([*left, *self._threads_left()])

    def _threads_left(self) -> list[str]:
        deadline = time.monotonic() + _ENDING_SECONDS
        new = set(threading.enumerate()) - self._threads
        for thread in new:
            # Those that Python did not make cannot be waited for.
            with suppress(AssertionError, RuntimeError):
                thread.join(max(0.0, deadline - time.monotonic()))
        return [f"the thread {thread.name}" for thread in new if thread.is_alive()]


def _is_back(aspect: Aspect, value: Any) -> bool:
    with suppress(*_REFUSALS):
        if aspect.read() == value:
            return True
    # What cannot even be read, such as a working folder that was deleted, may yet be put back.
    with suppress(*_REFUSALS):
        aspect.restore(value)
        return bool(aspect.read() == value)
    return False
