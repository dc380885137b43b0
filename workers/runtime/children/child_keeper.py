"""Starts the children of a worker process and sees them off, in one thread that lives as long as it.

Linux ends a child with the *thread* that started it, when the child asked for a signal at its parent's
death: children that slots had started died with their slots, though another slot's job ran in them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue

import structlog

from workers.runtime.children.child_process import (
    LOOK_SECONDS,
    ChildNotReady,
    ChildProcess,
    Surroundings,
)
from workers.runtime.ending import ENDING_SECONDS, vital

log = structlog.get_logger("tally.worker")

#: Seconds a child has for closing its workers and for what is to be done at its exit: a little less than
#: its worker process has for closing all that it opened.
CLOSING_SECONDS = ENDING_SECONDS - 1.0


class ChildKeeper(threading.Thread):
    """Does what it is asked to by other threads, one thing after the other; none of it takes long."""

    def __init__(self, surroundings: Surroundings) -> None:
        super().__init__(name="children", daemon=True)
        self._surroundings = surroundings
        self._asked: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._leaving: dict[ChildProcess, float] = {}

    def start_child(self) -> ChildProcess:
        """A new child, which is not ready yet; raises what starting a process raises."""
        start = _Start(self._surroundings)
        try:
            self._asked.put(start.make)
            return start.made()
        except BaseException:
            # Whoever asked may have been interrupted; then nobody knows of what comes.
            self._asked.put(start.undo)
            raise

    def kill(self, child: ChildProcess) -> None:
        """Kills one that never ran a job, where no interrupt of a job breaks that off; does not wait."""
        self._asked.put(child.kill)

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
                self._asked.get(timeout=LOOK_SECONDS if self._leaving else None)()
            self._look_after_the_leaving()

    def _look_after_the_leaving(self) -> None:
        for child, deadline in list(self._leaving.items()):
            if child.has_ended() or time.monotonic() >= deadline:
                self._leaving.pop(child, None)
                end_child(child, deadline)


def end_child(child: ChildProcess, deadline: float) -> None:
    """Waits for a child that was asked to end, and tells when it had to be killed."""
    if child.end_by(deadline):
        log.warning("child.cut_off", after_seconds=CLOSING_SECONDS)


class _Start:
    """A child that is to be made, for a thread that may be interrupted while it waits."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._child: ChildProcess | None = None
        self._error: Exception = ChildNotReady("nobody has tried to start it")
        # A bare lock: a condition that an interrupt leaves locked would stop the keeper for good.
        self._pending = threading.Lock()
        self._pending.acquire()

    def make(self) -> None:
        """Makes it, or knows why not."""
        try:
            self._child = ChildProcess(self._surroundings)
        except Exception as error:  # noqa: BLE001 - it is for the thread that asked
            self._error = error
        self._pending.release()

    def made(self) -> ChildProcess:
        """Blocks until it is made; once. It looks up: an interrupt is raised between two waits only."""
        while not self._pending.acquire(timeout=LOOK_SECONDS):
            continue
        if self._child is None:
            raise self._error
        return self._child

    def undo(self) -> None:
        """Kills it, if it was made."""
        if self._child is not None:
            self._child.kill()
