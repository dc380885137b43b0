"""Signals that end supervisors, worker processes and isolated jobs: who obeys which.

Always by a handler: what is ignored stays ignored in the programs that a process starts, and could not be
stopped there; a handler is forgotten. Imports nothing of ours, for it comes before all else in a process.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

#: By which somebody asks for an orderly stop, and, repeated some seconds later, to hurry.
ASKING = (signal.SIGTERM, signal.SIGINT)
#: A terminal that went away. To a worker process also: its supervisor is gone, or wants it to stop.
HANG_UP = signal.SIGHUP
#: Give everything back at once.
HURRY = signal.SIGQUIT
_ALL = (*ASKING, HANG_UP, HURRY)


class AskedToExit(SystemExit):
    """Somebody else ends the process; a kind of its own, for a module that exits is a mistake of its."""


Handler = Callable[[int, FrameType | None], object]
_handlers: dict[int, Handler] = {}
_forking = threading.local()


def handle(number: int, handler: Handler) -> None:
    """Sets a handler that forked copies do not keep.

    What a job forks, a pool of processes for example, is ended by SIGTERM, also right after the fork: so
    signals are held back from before it until the copy has forgotten the handlers.
    """
    if not _handlers:
        os.register_at_fork(
            before=_before_fork, after_in_parent=_after_fork, after_in_child=_forget
        )
    _handlers[number] = handler
    signal.signal(number, handler)


def _before_fork() -> None:
    _forking.mask = signal.pthread_sigmask(signal.SIG_BLOCK, _ALL)


def _after_fork() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, _forking.mask)


def _forget() -> None:
    for number, handler in _handlers.items():
        if signal.getsignal(number) is handler:
            signal.signal(number, signal.SIG_DFL)
    _after_fork()


def leave_stopping_to_the_parent() -> None:
    """For isolated jobs, whose worker process decides when they end. Lets through what was held back."""
    for number in (*ASKING, HANG_UP):
        handle(number, _pass)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ALL)


def exit_when_asked(by: Sequence[int] = _ALL) -> None:
    """For a process that is starting: nothing is to be finished yet. Lets through what was held back."""
    for number in by:
        handle(number, _exit)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ALL)


def outlive_the_terminal() -> None:
    """For processes that run on: a terminal that hangs up takes its lines with it, and nothing else."""
    if signal.getsignal(HANG_UP) is not signal.SIG_IGN:
        handle(HANG_UP, _pass)


def obey(ask: Callable[[], object]) -> None:
    """For a process to which each of them says the same. Lets through what was held back."""
    for number in _ALL:
        handle(number, lambda *_: ask())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ALL)


def take_no_notice() -> None:
    """For a process that ends already."""
    for number in _ALL:
        handle(number, _pass)


def end_undisturbed() -> None:
    """For one that starts no program any more and leaves its end to Python, which gives up handlers.

    Signals are ignored, for to hold them back is of no use: threads that remain would take them.
    """
    for number in _ALL:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def held_back() -> Iterator[None]:
    """What is started inside the block gets no such signal before it can handle it: it would just die."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ALL)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _pass(_number: int, _frame: FrameType | None) -> None:
    """Nothing."""


def _exit(_number: int, _frame: FrameType | None) -> NoReturn:
    raise AskedToExit(0)
