"""How many requests each key and each address may send: the generic cell rate algorithm, in memory.

It guards a process against a flood, so the process counts for itself: that costs a microsecond, works
while Redis is away, and a limit that is exact across processes would protect nobody better.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import NamedTuple

from backend.locks.fork_locks import own_lock

#: Names remembered; those whose limit is whole again are forgotten first.
_MOST = 50_000
#: What sums of seconds may be out by.
_EXACT = 1e-6


class Verdict(NamedTuple):
    """Whether a request may pass, and what to tell its sender. Times are seconds."""

    passed: bool
    remaining: int
    retry_after: float
    reset_after: float


class RateLimit:
    """So many requests a second for each name, with so many at once. ``per_second`` 0: no limit."""

    def __init__(self, per_second: float, burst: int, monotonic: Callable[[], float]) -> None:
        self.per_second = per_second
        self.burst = burst
        self._monotonic = monotonic
        self._interval = 1 / per_second if per_second else 0.0
        self._tolerance = self._interval * (burst - 1)
        #: The theoretical arrival time of each name's next request.
        self._arrivals: dict[str, float] = {}
        own_lock(self)

    def renew_lock(self) -> None:
        """In a fork, where the thread that held it may be missing."""
        self._lock = threading.Lock()

    def take(self, name: str, cost: int = 1) -> Verdict:
        """Takes ``cost`` requests off what ``name`` has left, if it has them."""
        if not self.per_second:
            return Verdict(True, self.burst, 0.0, 0.0)
        with self._lock:
            now = self._monotonic()
            arrival = max(now, self._arrivals.get(name, now))
            early = arrival + self._interval * (cost - 1) - self._tolerance - now
            if early > _EXACT:
                return Verdict(False, 0, early, arrival - now)
            arrival += self._interval * cost
            self._note(name, arrival, now)
            left = (self._tolerance + self._interval - (arrival - now)) / self._interval
            return Verdict(True, max(0, int(left + _EXACT)), 0.0, arrival - now)

    def is_spent(self, name: str) -> bool:
        """Whether nothing is left, without taking anything."""
        arrival = self._arrivals.get(name)
        return arrival is not None and arrival - self._tolerance > self._monotonic() + _EXACT

    def _note(self, name: str, arrival: float, now: float) -> None:
        if len(self._arrivals) >= _MOST:
            self._arrivals = {known: at for known, at in self._arrivals.items() if at > now}
            if len(self._arrivals) >= _MOST:
                self._arrivals.clear()
        self._arrivals[name] = arrival
