"""Finds leases whose worker is gone, and gives their jobs back. Any number of rescuers may run.

A lease is judged twice: it must have ended by Redis' clock and then stand still for a while by our
own, so that a clock that jumps takes nothing from the living (DynamoDB's lock client does the same).
"""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from backend.domain.jobs.attempts.verdict import judge_vanished
from backend.domain.ports import Clock, Lease, LeaseBook
from backend.loops.loop import Loop

log = structlog.get_logger("tally.rescuer")

_BATCH = 500

_Held = dict[tuple[str, str], Lease]


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
        # The last one of a worker ends a lease after the first at most.
        self._vanished = _Vanished(book, clock, seconds=2 * lease_seconds)

    def run_once(self) -> float:
        """Remembers what has ended, rescues what has stood still for the grace."""
        now = self._clock.monotonic()
        ended = self._book.expired(_BATCH)
        self._vanished.note(ended)
        self._first_seen = {lease: self._first_seen.get(lease, now) for lease in ended}
        still = [lease for lease, seen in self._first_seen.items() if now - seen >= self._grace]
        if still:
            self._rescue(still)
        return self.interval

    def _rescue(self, leases: list[Lease]) -> None:
        stopping = self._book.told_to_stop({lease.worker for lease in leases})
        beside = self._vanished.beside(leases)
        rescued = judge_vanished(leases, beside, self._lease_seconds, stopping)
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


class _Vanished:
    """Remembers all leases of a worker from the moment that the first of them has ended.

    They end one after the other, as they were claimed, and are judged together all the same.

    By then it claims nothing more, unless it lives. One that was rescued meanwhile, by whomever, still was
    beside those that end later.
    """

    def __init__(self, book: LeaseBook, clock: Clock, *, seconds: float) -> None:
        """``seconds`` after its first ended lease a worker is forgotten."""
        self._book = book
        self._clock = clock
        self._seconds = seconds
        self._held: dict[str, _Held] = {}
        self._seen_at: dict[str, float] = {}

    def note(self, ended: Iterable[Lease]) -> None:
        """Looks once at what else the worker of each has, before anybody rescues any of it."""
        now = self._clock.monotonic()
        self._forget(now)
        new: set[str] = set()
        for lease in ended:
            if lease.worker:
                self._seen_at.setdefault(lease.worker, now)
                if _key(lease) not in self._held.get(lease.worker, {}):
                    new.add(lease.worker)
        if new:
            for lease in self._book.of_workers(new):
                self._held.setdefault(lease.worker, {})[_key(lease)] = lease

    def beside(self, leases: Iterable[Lease]) -> list[Lease]:
        """All that the workers of these have had since."""
        workers = dict.fromkeys(lease.worker for lease in leases)
        return [held for worker in workers for held in self._held.get(worker, {}).values()]

    def _forget(self, now: float) -> None:
        for worker, seen in list(self._seen_at.items()):
            if now - seen > self._seconds:
                del self._seen_at[worker]
                self._held.pop(worker, None)


def _key(lease: Lease) -> tuple[str, str]:
    return lease.job_id, lease.fence
