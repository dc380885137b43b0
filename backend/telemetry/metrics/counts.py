"""Counters and histograms of one process, kept in plain Python: cheap enough for the hot path."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Iterable
from typing import NamedTuple

from backend.locks.fork_locks import own_lock
from backend.telemetry.metrics.metric_catalogue import SECONDS

_BUCKETS = len(SECONDS) + 1

Labels = tuple[str, ...]


class Spread(NamedTuple):
    """One histogram: cases by bucket (the last one takes all that is longer), and their sum."""

    buckets: list[int]
    total: float

    def plus(self, other: Spread) -> Spread:
        """Both together."""
        buckets = [a + b for a, b in zip(self.buckets, other.buckets, strict=True)]
        return Spread(buckets, self.total + other.total)


class Snapshot(NamedTuple):
    """What was counted so far, by metric and label values."""

    counters: dict[tuple[str, Labels], float]
    spreads: dict[tuple[str, Labels], Spread]

    def add(self, other: Snapshot) -> None:
        """Takes in what another process counted."""
        for key, value in other.counters.items():
            self.counters[key] = self.counters.get(key, 0.0) + value
        for spread_key, spread in other.spreads.items():
            mine = self.spreads.get(spread_key)
            self.spreads[spread_key] = spread if mine is None else mine.plus(spread)


def nothing() -> Snapshot:
    """A snapshot to add to."""
    return Snapshot({}, {})


class Timings:
    """How often and how long, by label values. Safe for several threads."""

    def __init__(self) -> None:
        own_lock(self)
        self._rows: dict[Labels, list[float]] = {}

    def renew_lock(self) -> None:
        """In a fork, where the thread that held it may be missing."""
        self._lock = threading.Lock()

    def observe(self, labels: Labels, seconds: float) -> None:
        """Counts one case."""
        self.observe_all([(labels, seconds)])

    def observe_all(self, cases: Iterable[tuple[Labels, float]]) -> None:
        """Counts many cases, each with its labels, for the price of one lock."""
        with self._lock:
            for labels, seconds in cases:
                row = self._rows.get(labels)
                if row is None:
                    row = self._rows[labels] = [0.0] * (_BUCKETS + 1)
                row[bisect_left(SECONDS, seconds)] += 1
                row[-1] += seconds

    def spreads(self) -> dict[Labels, Spread]:
        """What was counted so far."""
        with self._lock:
            rows = {labels: list(row) for labels, row in self._rows.items()}
        return {
            labels: Spread([int(count) for count in row[:-1]], row[-1])
            for labels, row in rows.items()
        }
