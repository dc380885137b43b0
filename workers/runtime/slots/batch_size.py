"""How many jobs a slot claims at once: one, or as many short ones as make about 10 ms of work."""

from __future__ import annotations


class BatchSize:
    """Learns from how long jobs ran. One per slot; not shared between threads."""

    #: Weight of the newest job in the running mean.
    _NEWEST = 0.2

    def __init__(self, *, seconds: float, limit: int) -> None:
        self._seconds = seconds
        self._limit = limit
        self._mean = seconds

    @property
    def jobs(self) -> int:
        """Jobs to claim next."""
        return max(1, min(self._limit, int(self._seconds / self._mean)))

    def learn(self, run_seconds: float) -> None:
        """Takes in one job. A long one counts at once, short ones only by and by."""
        if run_seconds > self._seconds:
            self._mean = run_seconds
        else:
            self._mean += (max(run_seconds, 1e-6) - self._mean) * self._NEWEST
