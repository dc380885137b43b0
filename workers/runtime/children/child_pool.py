"""Warm children of one worker process: made when needed, used again, retired."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import Empty, LifoQueue

import structlog

from workers.runtime.children.child_keeper import CLOSING_SECONDS, ChildKeeper, end_child
from workers.runtime.children.child_process import ChildNotReady, ChildProcess, Surroundings

log = structlog.get_logger("tally.worker")

_RECYCLE_JOBS = 200
_RECYCLE_RSS = 512 * 1024 * 1024
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.5, 10.0


class ChildNotStarted(Exception):
    """No child can be had now; no other is tried for ``pause_seconds``."""

    def __init__(self, reason: str, pause_seconds: float) -> None:
        self.pause_seconds = pause_seconds
        super().__init__(f"no process could be started for an isolated job: {reason}")


class ChildPool:
    """Gives each job a child of its own for as long as it runs."""

    def __init__(
        self, surroundings: Surroundings, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._now = now
        self._keeper = ChildKeeper(surroundings)
        self._warm: LifoQueue[ChildProcess] = LifoQueue()
        self._all: set[ChildProcess] = set()
        self._lock = threading.Lock()
        self._refusal = ""
        self._pause_seconds = 0.0
        self._paused_until = 0.0
        #: From now on children end because their worker process does.
        self.is_closing = False

    def take(self) -> ChildProcess:
        """A warm child, or a new one; raises `ChildNotStarted`."""
        try:
            return self._warm.get_nowait()
        except Empty:
            return self._new_child()

    def put_back(self, child: ChildProcess, left: str) -> None:
        """Keeps a child for the next job, unless the last one ``left`` something in it."""
        child.jobs += 1
        if left:
            log.info("child.retired", left=left)
        if left or child.jobs >= _RECYCLE_JOBS or child.rss_bytes() > _RECYCLE_RSS:
            self._forget(child)
            self._keeper.see_off(child)
        else:
            self._warm.put(child)

    def end(self, child: ChildProcess) -> None:
        """Kills a child."""
        self._forget(child)
        child.kill()

    def close(self) -> None:
        """Ends every child: the idle ones in order, within some seconds; those that run a job at once."""
        self.is_closing = True
        deadline = time.monotonic() + CLOSING_SECONDS
        idle = self._take_idle()
        for child in idle:
            child.ask_to_end()
        with self._lock:
            busy, self._all = self._all.difference(idle), set()
        for child in busy:
            child.kill()
        for child in [*idle, *self._keeper.leaving()]:
            end_child(child, deadline)

    def _take_idle(self) -> list[ChildProcess]:
        idle = []
        while True:
            try:
                idle.append(self._warm.get_nowait())
            except Empty:
                return idle

    def _new_child(self) -> ChildProcess:
        self._refuse_while_paused()
        try:
            child = self._started()
        except (OSError, RuntimeError, MemoryError, ChildNotReady) as error:
            raise self._paused(f"{type(error).__name__}: {error}") from error
        with self._lock:
            self._pause_seconds, self._refusal = 0.0, ""
        return child

    def _started(self) -> ChildProcess:
        with self._lock:
            if not self._keeper.is_alive():
                self._keeper.start()
        child = self._keeper.start_child()
        with self._lock:
            self._all.add(child)
        try:
            child.wait_until_ready()
        except BaseException:
            self._forget(child)
            self._keeper.kill(child)
            raise
        return child

    def _refuse_while_paused(self) -> None:
        with self._lock:
            left = self._paused_until - self._now()
            if left > 0:
                raise ChildNotStarted(self._refusal, left)

    def _paused(self, reason: str) -> ChildNotStarted:
        """Slots that failed together make one pause, and one line in the log for each new reason."""
        with self._lock:
            now = self._now()
            if now >= self._paused_until:
                longer = max(_FIRST_PAUSE_SECONDS, self._pause_seconds * 2)
                self._pause_seconds = min(longer, _LONGEST_PAUSE_SECONDS)
                self._paused_until = now + self._pause_seconds
            if reason != self._refusal:
                log.error("child.not_started", error=reason, note="isolated jobs are put off")
            self._refusal = reason
            return ChildNotStarted(reason, self._paused_until - now)

    def _forget(self, child: ChildProcess) -> None:
        with self._lock:
            self._all.discard(child)
