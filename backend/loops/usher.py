"""Lets jobs through gates that are open: resuming a type or lifting a limit is many steps of one caller,
and a caller that dies between two of them must leave nobody behind. Any number of ushers may run.
"""

from __future__ import annotations

from typing import Protocol

import structlog

from backend.loops.loop import Loop

log = structlog.get_logger("tally.usher")

#: Of one step: short enough to hold nobody up.
_GATES, _JOBS = 100, 200


class Gates(Protocol):
    """What jobs wait behind: paused types and full limits."""

    def usher(self, gates: int, jobs: int) -> int:
        """Lets through who still waits behind one of so many open gates; how many jobs."""


class Usher(Loop):
    """Looks once every ``interval`` seconds; without a pause while many are let through."""

    name = "usher"

    def __init__(self, gates: Gates, *, interval: float = 5.0) -> None:
        self._gates = gates
        self._interval = interval

    def run_once(self) -> float:
        """One step; the wait is none while it was full."""
        jobs = self._gates.usher(_GATES, _JOBS)
        if jobs:
            log.info("jobs.ushered", jobs=jobs)
        return 0.0 if jobs >= _JOBS else self._interval
