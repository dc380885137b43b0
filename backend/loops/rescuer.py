"""Finds leases whose worker is gone, and gives their jobs back. Any number of rescuers may run.

A lease is judged twice: it must have ended by Redis' clock and then stand still for a while by our
own, so that a clock that jumps takes nothing from the living (DynamoDB's lock client does the same).
"""

from __future__ import annotations

import structlog

from backend.domain.jobs.attempts.verdict import judge_vanished
from backend.domain.ports import Clock, Lease, LeaseBook
from backend.loops.loop import Loop

log = structlog.get_logger("tally.rescuer")

_BATCH = 500


class Rescuer(Loop):
    """Looks once every ``interval`` seconds."""

    name = "rescuer"

    def __init__(
        self,
        book: LeaseBook,
        clock: Clock,
        *,
        grace: float,
        lease_seconds: float,
        interval: float = 1.0,
    ) -> None:
        """``lease_seconds``: for how long workers lease the jobs that they run."""
        self._book = book
        self._clock = clock
        self._grace = grace
        self._lease_seconds = lease_seconds
        self.interval = interval
        self._first_seen: dict[Lease, float] = {}

    def run_once(self) -> float:
        """Remembers what has ended, rescues what has stood still for the grace."""
        now = self._clock.monotonic()
        ended = self._book.expired(_BATCH)
        self._first_seen = {lease: self._first_seen.get(lease, now) for lease in ended}
        still = [lease for lease, seen in self._first_seen.items() if now - seen >= self._grace]
        if still:
            self._rescue(still)
        return self.interval

    def _rescue(self, leases: list[Lease]) -> None:
        rescued = judge_vanished(leases, self._lease_seconds)
        done = self._book.rescue(rescued, only_expired=True)
        for (lease, outcome), happened in zip(rescued, done, strict=True):
            self._first_seen.pop(lease, None)
            if happened:
                log.warning(
                    "job.rescued",
                    job_id=lease.job_id,
                    worker=lease.worker,
                    kind=outcome.kind.value,
                )
