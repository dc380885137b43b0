"""What a process does while a store does not serve it: one warning, growing pauses, one line at its end.

A process has many threads that notice the same outage; told by each at each try, it would fill a disk.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from backend.domain.errors import MigrationError, Unavailable
from backend.locks.fork_locks import own_lock
from backend.telemetry.logs.logger import Logger

log = Logger("tally.store")

#: Seconds. The longest is what going on may take after a store is back.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 1.0
#: Seconds without trouble after which an outage is a new one.
_SAME_OUTAGE = 10.0
#: Seconds between two tracebacks of errors that nobody expected, and the longest pause after one.
_TRACEBACK_EVERY, _LONGEST_AFTER_MISTAKE = 60.0, 5.0


class Outages:
    """The outages of one process, as all its threads see them. Safe for several threads."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.monotonic = monotonic
        own_lock(self)
        self._waiting: dict[Wait, str] = {}
        self._since = self._ended_at = float("-inf")
        self._told: set[str] = set()
        self._owes_an_end = False
        self._traceback_at = float("-inf")
        #: Errors that no store is to blame for, or that no table of ours knows.
        self.failures = 0

    def renew_lock(self) -> None:
        """In a fork, where the thread that held it may be missing."""
        self._lock = threading.Lock()

    @property
    def waiting(self) -> int:
        """How many threads wait for a store at this moment."""
        return len(self._waiting)

    def reasons(self) -> list[str]:
        """Why threads wait, each reason once; empty while all goes well."""
        with self._lock:
            return list(dict.fromkeys(self._waiting.values()))

    def note(self, wait: Wait, error: Exception) -> None:
        """A thread's step failed; told if it is news."""
        is_expected = isinstance(error, Unavailable | MigrationError)
        code = error.code if isinstance(error, Unavailable | MigrationError) else ""
        is_known = is_expected and error_is_known(error)
        with self._lock:
            if not self._waiting:
                self._begin()
            self._waiting[wait] = f"{wait.who}: {error}"
            is_news = is_known and code not in self._told
            if is_news:
                self._told.add(code)
                self._owes_an_end = True
            is_loud = not is_known and self._may_be_loud()
        if is_news:
            log.warning("store.waiting", waits=wait.who, code=code, error=str(error))
        elif is_loud:
            log.critical("step.failed", waits=wait.who, failures=self.failures, exc_info=error)

    def _begin(self) -> None:
        """What comes and goes many times within seconds is told once."""
        self._since = self.monotonic()
        if self._since - self._ended_at > _SAME_OUTAGE:
            self._told = set()

    def _may_be_loud(self) -> bool:
        self.failures += 1
        now = self.monotonic()
        if now - self._traceback_at < _TRACEBACK_EVERY:
            return False
        self._traceback_at = now
        return True

    def end(self, wait: Wait) -> None:
        """A thread's step went well again; told when nobody waits any more."""
        with self._lock:
            if self._waiting.pop(wait, None) is None or self._waiting:
                return
            self._ended_at = self.monotonic()
            seconds = self._ended_at - self._since
            is_told, self._owes_an_end = self._owes_an_end, False
        if is_told:
            log.info("store.back", seconds=round(seconds, 1))


class Wait:
    """One thread's part in it: how long to wait after a step that failed. Not for two threads at once."""

    def __init__(self, outages: Outages, who: str, *, quiet_failures: int = 0) -> None:
        """``quiet_failures``: so many in a row are no outage, only a wait that was cut short."""
        self._outages = outages
        self.who = who
        self._quiet = quiet_failures
        self._in_a_row = 0
        self._pause = 0.0

    def failed(self, error: Exception) -> float:
        """Notes that a step failed; returns the seconds to wait before the next try."""
        is_expected = isinstance(error, Unavailable | MigrationError)
        longest = _LONGEST_PAUSE if is_expected else _LONGEST_AFTER_MISTAKE
        self._pause = min(self._pause * 2, longest) if self._pause else _FIRST_PAUSE
        self._in_a_row += 1
        if self._in_a_row > self._quiet or not is_expected:
            self._outages.note(self, error)
        return self._pause

    def over(self) -> None:
        """A step went well. Costs nothing when the last one did too."""
        if self._pause:
            self._pause, self._in_a_row = 0.0, 0
            self._outages.end(self)


def error_is_known(error: Exception) -> bool:
    """False for a reply of a store that no table of ours names."""
    return not isinstance(error, Unavailable) or bool(error.details.get("is_known", True))
