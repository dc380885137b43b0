"""Looks that what operators said is the same in Redis and on record. Any number may run.

Whoever says something writes it down themselves; this is for what they could not: a store was away, or
Redis lost what it had.
"""

from __future__ import annotations

from typing import Protocol

from backend.domain.ports import Clock
from backend.loops.loop import Loop

#: Seconds between looks at every word: an earlier release changes some without giving them a version.
_ALL_EVERY = 10.0


class Agreement(Protocol):
    """What two stores say."""

    def differ(self) -> bool:
        """Whether the newest words of both are not the same."""

    def agree(self) -> object:
        """Carries each later word to the store that has not heard it."""


class ControlWatch(Loop):
    """Looks once every ``interval`` seconds whether something was said, and now and then at all of it."""

    name = "control-watch"

    def __init__(self, keeper: Agreement, clock: Clock, *, interval: float = 1.0) -> None:
        self._keeper = keeper
        self._clock = clock
        self._interval = interval
        self._all_at = float("-inf")

    def run_once(self) -> float:
        """One look."""
        now = self._clock.monotonic()
        if now >= self._all_at or self._keeper.differ():
            self._keeper.agree()
            self._all_at = now + _ALL_EVERY
        return self._interval
