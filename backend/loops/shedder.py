"""Keeps the event stream short where the deployment would rather lose history than refuse jobs.

Only with ``redis.stream_full: shed``. Any number may run.
"""

from __future__ import annotations

from typing import Protocol

import structlog

from backend.loops.loop import Loop

log = structlog.get_logger("tally.shedder")


class Sheddable(Protocol):
    """What holds the events that are not on record yet."""

    def shed(self, most: int) -> int:
        """Drops the oldest entries beyond ``most``, recorded or not; how many went."""


class Shedder(Loop):
    """Looks once every ``interval`` seconds."""

    name = "shedder"

    def __init__(self, events: Sheddable, *, most: int, interval: float = 1.0) -> None:
        self._events = events
        self._most = most
        self._interval = interval

    def run_once(self) -> float:
        """One look."""
        dropped = self._events.shed(self._most)
        if dropped:
            log.error("events.shed", events=dropped)
        return self._interval
