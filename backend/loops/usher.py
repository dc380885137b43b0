"""Lets jobs through gates that are open: resuming a type or lifting a limit is many steps of one caller,
and a caller that dies between two of them must leave nobody behind. Finds lines again whose list was
lost. Calls the follow-ups of jobs that workers of an earlier release ended, whose steps know of none. Any
number of ushers may run.
"""

from __future__ import annotations

from typing import Protocol

import structlog

from backend.loops.loop import Loop

log = structlog.get_logger("tally.usher")

#: Of one step: short enough to hold nobody up.
_GATES, _JOBS, _FOLLOWED = 100, 200, 1000
#: So many lines of a step were empty: where keys are many and short-lived more of them come meanwhile.
_MANY_EMPTY = 50


class Gates(Protocol):
    """What jobs wait behind: paused types and full limits."""

    def usher(self, gates: int, jobs: int) -> tuple[int, int]:
        """Lets through who still waits behind one of so many open gates.

        How many jobs, and how many lines were forgotten because they are empty.
        """

    def follow(self, jobs: int) -> int:
        """Calls the follow-ups of so many jobs that an earlier release ended; how many had ended so."""


class Lines(Protocol):
    """Lines behind gates, and of fair queues."""

    def find(self) -> int:
        """Notes those again that have jobs and were lost; how many."""


class Usher(Loop):
    """Looks once every ``interval`` seconds; without a pause while there was much to do."""

    name = "usher"

    def __init__(self, gates: Gates, lines: Lines, *, interval: float = 5.0) -> None:
        self._gates = gates
        self._lines = lines
        self._interval = interval

    def run_once(self) -> float:
        """One step of each; the wait is none while one was full."""
        jobs, empty = self._gates.usher(_GATES, _JOBS)
        if jobs:
            log.info("jobs.ushered", jobs=jobs)
        ended = self._gates.follow(_FOLLOWED)
        if ended:
            log.info("jobs.followed", jobs=ended)
        found = self._lines.find()
        if found:
            log.warning("lines.found", lines=found)
        is_full = jobs >= _JOBS or ended >= _FOLLOWED or empty >= _MANY_EMPTY
        return 0.0 if is_full else self._interval
