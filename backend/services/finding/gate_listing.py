"""What keeps jobs from starting: every gate, how many wait behind it, since when, and when it opens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

from backend.domain.jobs.job import JobView
from backend.domain.jobs.options.rate import Rate
from backend.domain.ports import Inspection
from backend.domain.schedules.freeze import words_of

#: Each gate is asked for by itself; of very many the first by name are shown.
MOST_GATES = 200


class GateLine(NamedTuple):
    """One gate as it stands."""

    gate: str
    #: What it is, for people.
    words: str
    #: Jobs that stepped aside for it.
    waiting: int
    #: The next of them to go on, and since when it waits.
    next_job_id: str = ""
    since: datetime | None = None
    #: How many hold a place of it; of a limit, of how many.
    holders: int = 0
    limit: int | None = None
    #: When the next may start by a rate, or a freeze ends; None: at once, or nobody knows.
    opens_at: datetime | None = None


class GateListing:
    """Reads the gates of one deployment."""

    def __init__(self, inspection: Inspection, now: Callable[[], datetime]) -> None:
        self._look = inspection
        self._now = now

    def all(self) -> list[GateLine]:
        """Gates that jobs wait behind, and limits and rates that are set, by name."""
        limits, rates = self._look.limits(), self._look.rates()
        said = {*(f"type:{name}" for name in limits), *(f"rate:{name}" for name in rates)}
        names = sorted({*self._look.gates(), *said})[:MOST_GATES]
        first = {name: next(iter(self._look.parked(name, 0, 1)), "") for name in names}
        jobs = {job.id: job for job in self._look.jobs([each for each in first.values() if each])}
        ends = self._ends()
        return [
            self._line(name, jobs.get(first[name]), limits, rates)._replace(
                opens_at=self._opens(name, ends)
            )
            for name in names
        ]

    def _line(
        self,
        gate: str,
        following: JobView | None,
        limits: Mapping[str, int],
        rates: Mapping[str, Rate],
    ) -> GateLine:
        holders, waiting = self._look.gate(gate)
        kind, _, name = gate.partition(":")
        limit = limits.get(name) if kind == "type" else None
        if kind == "key" and following is not None:
            limit = following.limit
        return GateLine(
            gate,
            _words(kind, name, limit, rates.get(name)),
            waiting,
            following.id if following else "",
            (following.enqueued_at or following.created_at) if following else None,
            len(holders),
            limit,
        )

    def _ends(self) -> dict[str, datetime]:
        now = self._now()
        windows = [window for window in self._look.frozen() if window.holds(now)]
        ordered = sorted(windows, key=lambda window: window.ends_at)
        return {f"frozen:{window.what}": window.ends_at for window in ordered}

    def _opens(self, gate: str, ends: Mapping[str, datetime]) -> datetime | None:
        kind, _, name = gate.partition(":")
        if kind != "rate":
            return ends.get(gate)
        found = self._look.rate_state(name)
        return found.opens_at if found else None


def _words(kind: str, name: str, limit: int | None, rate: Rate | None) -> str:
    if kind == "type":
        return f"{name}: {limit} at once" if limit else f"{name}: no limit any more"
    if kind == "key":
        return f"the key {name}: {limit} at once" if limit else f"the key {name}"
    if kind == "rate":
        return f"{name}: {rate.words}" if rate else f"{name}: no rate any more"
    if kind == "paused":
        return f"the job type {name} is paused"
    if kind == "frozen":
        return f"{words_of(name)} is frozen"
    return f"the breaker of {name}" if kind == "breaker" else f"{kind} {name}"
