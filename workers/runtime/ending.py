"""The end of a process: what was opened is closed, exit handlers run, and none of it can take for ever.

A process also ends with each thread without which it is worse than none, for another to take over.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import wraps
from typing import NoReturn, ParamSpec, Protocol

from backend.telemetry.logs.logger import Logger
from backend.telemetry.outages import Wait
from workers.runtime.stop_signals import take_no_notice

log = Logger("tally.worker")

#: Seconds that all of `close` may take together, and as many for exit handlers.
ENDING_SECONDS = 5.0
#: Seconds that it tries to give back what still runs while Redis is away: less than nothing else needs.
GIVING_BACK_SECONDS = 3.0
#: After which a process that holds no job any more is killed.
LONGEST_ENDING_SECONDS = 2 * ENDING_SECONDS + 5.0
_THREAD_DIED = 70
P = ParamSpec("P")
_ends_with_threads = threading.Event()


class Closable(Protocol):
    """What must be ended with the process."""

    def close(self) -> None:
        """Ends it."""


def tried_for_some_seconds(
    step: Callable[[], object],
    wait: Wait,
    *,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> Exception | None:
    """Does ``step`` once its store answers; what kept it from that if it does not in time."""
    deadline = monotonic() + GIVING_BACK_SECONDS
    while True:
        try:
            step()
        except Exception as error:  # noqa: BLE001 - whatever the store says, the process goes
            pause = wait.failed(error)
            if monotonic() + pause > deadline:
                return error
            sleep(pause)
        else:
            wait.over()
            return None


def close_all(closables: Sequence[Closable], *, seconds: float = ENDING_SECONDS) -> None:
    """Closes one after the other; what raises or takes too long is told in the log and left."""
    thread = threading.Thread(target=_close_each, args=(closables,), daemon=True, name="closing")
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        log.error("worker.not_closed", error=f"close() took longer than {seconds:g} s")


def _close_each(closables: Sequence[Closable]) -> None:
    for closable in closables:
        try:
            closable.close()
        except BaseException:  # the others shall be closed all the same
            log.exception("worker.not_closed", closing=type(closable).__name__)


def close_in_turn(closings: Iterable[Callable[[], object]]) -> None:
    """Does each whatever others raise, and raises that then; a group where it is more than one."""
    errors: list[BaseException] = []
    for close in closings:
        try:
            close()
        except BaseException as error:  # noqa: BLE001 - the others shall be closed all the same
            errors.append(error)
    if len(errors) > 1:
        raise BaseExceptionGroup("not all was closed", errors)
    if errors:
        raise errors.pop()


def exit_in_order(code: int = 0, *, seconds: float = ENDING_SECONDS) -> NoReturn:
    """Runs exit handlers, flushes streams and ends the process.

    It waits for no thread: those whose jobs were given back may run on, and a handler that hangs is
    left behind after ``seconds``.
    """
    take_no_notice()
    _exit_after(seconds, code)
    atexit._run_exitfuncs()  # noqa: SLF001 - no other way runs them and then leaves threads behind
    exit_now(code)


def _exit_after(seconds: float, code: int) -> None:
    def give_up() -> None:
        log.error("worker.exit_handlers_late", error=f"they took longer than {seconds:g} s")
        exit_now(code)

    timer = threading.Timer(seconds, give_up)
    timer.daemon = True
    timer.start()


def exit_now(code: int) -> NoReturn:
    """Ends the process with what its streams still hold, and runs nothing more."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code)


def end_with_vital_threads() -> None:
    """For a process of its own. One that does others' work too, as a web server does, goes on."""
    _ends_with_threads.set()


def vital(run: Callable[P, None]) -> Callable[P, None]:
    """What such a thread does. Once `end_with_vital_threads` was called, an error ends the process with 70.

    Not by `threading.excepthook`, which is told of the threads of jobs as well, and which any library may
    set.
    """

    @wraps(run)
    def run_or_end(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            run(*args, **kwargs)
        except BaseException:
            if not _ends_with_threads.is_set():
                raise
            try:
                log.critical("thread.died", thread=threading.current_thread().name, exc_info=True)
            finally:
                exit_now(_THREAD_DIED)

    return run_or_end
