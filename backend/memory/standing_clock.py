"""A clock that is set by hand."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from backend.locks.fork_locks import own_lock


class StandingClock:
    """A `Clock` that stands still until somebody moves it."""

    def __init__(self, start: datetime | None = None) -> None:
        """It shows ``start``; by default the present."""
        self._start = start or datetime.now(UTC)
        self._passed = timedelta()
        own_lock(self)

    def renew_lock(self) -> None:
        """In a fork, where the thread that held it may be missing."""
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The instant to which it was moved."""
        return self._start + self._passed

    def monotonic(self) -> float:
        """Seconds that were let pass."""
        return self._passed.total_seconds()

    def move(self, seconds: float) -> None:
        """Lets time pass. Raises ValueError for time that would run backwards."""
        if seconds < 0:
            raise ValueError(f"time does not run backwards: {seconds:g} seconds")
        with self._lock:
            self._passed += timedelta(seconds=seconds)
