"""Slots without work. One of them listens for all, claims for many at once and deals out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Protocol

from backend.domain.jobs.job import ClaimedJob

#: Jobs of one claim; more would hold the server long.
MOST_JOBS = 100


class Idler(Protocol):
    """A slot as it is seen while it has no work. Whatever it is given it finds in its batch."""

    #: What it is told while it waits: True, that it shall listen; False, that it has work, or shall leave.
    told: SimpleQueue[bool]

    @property
    def wanted(self) -> int:
        """How many jobs it would take."""

    def take(self, jobs: Sequence[ClaimedJob]) -> None:
        """Gives it jobs; it runs them when it is told."""


class IdleSlots:
    """Who waits, and who listens. Safe for several threads."""

    def __init__(self, listen: Callable[[int], Sequence[ClaimedJob] | None]) -> None:
        """``listen`` blocks until it has claimed at most so many jobs, or none; None: it failed."""
        self._listen = listen
        self._turning = threading.Lock()
        #: The last to come is the first to go: it is still warm.
        self._waiting: list[Idler] = []
        self._has_listener = False
        self._is_over = False

    @property
    def has_somebody(self) -> bool:
        """Whether some slot is without work at this moment."""
        return self._has_listener or bool(self._waiting)

    def wait(self, slot: Idler) -> Sequence[ClaimedJob]:
        """Returns when the slot has work, shall look for some itself, or all is over.

        What comes back was claimed when all was over already, and belongs to nobody.
        """
        with self._turning:
            if self._is_over:
                return ()
            listens = not self._has_listener
            self._has_listener = True
            if not listens:
                self._waiting.append(slot)
        if listens or slot.told.get():
            return self._hear(slot)
        return ()

    def _hear(self, slot: Idler) -> Sequence[ClaimedJob]:
        jobs: Sequence[ClaimedJob] | None = ()
        try:
            while jobs is not None and not jobs and not self._is_over:
                jobs = self._listen(self._wanted(slot))
            return self._deal(jobs, slot) if jobs else ()
        finally:
            self._pass_on()

    def _wanted(self, listener: Idler) -> int:
        """For half of all who wait. The other half of a burst is for processes that are idle as well."""
        with self._turning:
            others = self._waiting[(len(self._waiting) + 1) // 2 :]
        return min(MOST_JOBS, sum(slot.wanted for slot in (listener, *others)))

    def deal(self, jobs: Sequence[ClaimedJob]) -> Sequence[ClaimedJob]:
        """Gives jobs to those who wait; returns them when there is nobody."""
        return self._deal(jobs, None)

    def _deal(self, jobs: Sequence[ClaimedJob], listener: Idler | None) -> Sequence[ClaimedJob]:
        """One job to everybody before anybody gets a second."""
        with self._turning:
            if self._is_over:
                return jobs
            takers = [listener] if listener else []
            while self._waiting and len(takers) < len(jobs):
                takers.append(self._waiting.pop())
            for at, slot in enumerate(takers):
                slot.take(jobs[at :: len(takers)])
        for slot in takers:
            if slot is not listener:
                slot.told.put(False)
        return () if takers else jobs

    def _pass_on(self) -> None:
        """Whoever has waited longest listens next."""
        with self._turning:
            self._has_listener = bool(self._waiting)
            following = self._waiting.pop(0) if self._waiting else None
        if following is not None:
            following.told.put(True)

    def end(self) -> None:
        """Lets all go. Who listens must be ended apart; nobody listens any more after that."""
        with self._turning:
            self._is_over = True
            waiting, self._waiting = self._waiting, []
        for slot in waiting:
            slot.told.put(False)
