"""Starts the children of a worker process and sees them off, in one thread that lives as long as it.

Linux ends a child with the *thread* that started it, when the child asked for a signal at its parent's
death: children that slots had started died with their slots, though another slot's job ran in them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue

import structlog

from workers.runtime.children.child_process import ChildProcess, Surroundings
from workers.runtime.ending import ENDING_SECONDS, vital

log = structlog.get_logger("tally.worker")

#: Seconds a child has for closing its workers and for what is to be done at its exit: a little less than
#: its worker process has for closing all that it opened.
CLOSING_SECONDS = ENDING_SECONDS - 1.0
_LOOK_SECONDS = 0.05


class ChildKeeper(threading.Thread):
    """Does what it is asked to by other threads, one thing after the other; none of it takes long."""

    def __init__(self, surroundings: Surroundings) -> None:
        super().__init__(name="children", daemon=True)
        self._surroundings = surroundings
        self._asked: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._leaving: dict[ChildProcess, float] = {}

    def start_child(self) -> ChildProcess:
        """A new child, which is not ready yet; raises what starting a process raises."""
        started: Future[ChildProcess] = Future()
        self._asked.put(lambda: self._start_child(started))
        try:
            return started.result()
        except BaseException:
            # Whoever asked may have been interrupted; then nobody knows of what comes.
            started.add_done_callback(_kill_unwanted)
            raise

    def see_off(self, child: ChildProcess) -> None:
        """Has a child end in order, and kills it when that takes too long; does not wait for it."""
        self._leaving[child] = time.monotonic() + CLOSING_SECONDS
        child.ask_to_end()
        self._asked.put(lambda: None)  # so that the thread looks after it

    def leaving(self) -> list[ChildProcess]:
        """Those that have been asked to end and may not have yet."""
        return list(self._leaving)

    @vital
    def run(self) -> None:
        """The loop of the thread."""
        while True:
            with suppress(Empty):
                self._asked.get(timeout=_LOOK_SECONDS if self._leaving else None)()
            self._look_after_the_leaving()

    def _start_child(self, started: Future[ChildProcess]) -> None:
        try:
            started.set_result(ChildProcess(self._surroundings))
        except Exception as error:  # noqa: BLE001 - it is for the thread that asked
            started.set_exception(error)

    def _look_after_the_leaving(self) -> None:
        for child, deadline in list(self._leaving.items()):
            if child.has_ended() or time.monotonic() >= deadline:
                self._leaving.pop(child, None)
                end_child(child, deadline)


def end_child(child: ChildProcess, deadline: float) -> None:
    """Waits for a child that was asked to end, and tells when it had to be killed."""
    if child.end_by(deadline):
        log.warning("child.cut_off", after_seconds=CLOSING_SECONDS)


def _kill_unwanted(started: Future[ChildProcess]) -> None:
    if started.exception() is None:
        started.result().kill()
