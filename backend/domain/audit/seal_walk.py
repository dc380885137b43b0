"""Walks the seals of job events beside what those events give today."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

from backend.domain.audit.audit_chain import ChainHead, ChainProblem, ChainWalk, Seal, hash_of_seal


class SealedStretch(NamedTuple):
    """A seal beside what the events that it covers give today."""

    seal: Seal
    events: int
    digest: bytes
    #: The first day of the month that all of them are of.
    month: date


class _Gone(NamedTuple):
    """Seals one behind the other of which no event is left, though their month is to be kept."""

    month: date
    first: int
    last: int
    events: int


class SealWalk:
    """Walks the chain of seals and tells where it does not hold, and which events are not those sealed.

    Retention explains that no event of a stretch is left if its month was over by ``kept_from``. Of
    months behind it nothing may be missing, whatever became of their tables.
    """

    def __init__(self, chain: str, kept_from: date, heads: Iterable[ChainHead] = ()) -> None:
        self._walk = ChainWalk(chain, heads)
        self._kept_from = kept_from.replace(day=1)
        self._until = 0
        self._gone: _Gone | None = None
        #: Events under the seals that were compared with them, and seals that were passed over.
        self.events = self.retired = 0

    @property
    def head(self) -> ChainHead:
        """The last seal that was walked over."""
        return self._walk.head

    def step(self, stretch: SealedStretch) -> Iterator[ChainProblem]:
        """Every problem of the next seal and its events."""
        seal = stretch.seal
        for problem in self._walk.step(
            seal.number, seal.previous_hash, seal.hash, hash_of_seal(seal)
        ):
            yield self._problem(seal.number, problem)
        if seal.after_version != self._until:
            yield self._problem(seal.number, "it does not begin where the one before ends")
        self._until = seal.until_version
        if not stretch.events and stretch.month < self._kept_from:
            self.retired += 1
            return
        self.events += seal.events
        if not stretch.events:
            yield from self._miss(stretch)
            return
        yield from self._tell_gone()
        if (stretch.events, stretch.digest) != (seal.events, seal.digest):
            yield self._problem(seal.number, _difference(stretch))

    def end(self) -> Iterator[ChainProblem]:
        """What is missing at the end."""
        yield from self._tell_gone()
        for problem in self._walk.end():
            yield self._problem(self.head.number, problem)

    def _miss(self, stretch: SealedStretch) -> Iterator[ChainProblem]:
        # A month is gone under a thousand seals at once, which is one problem.
        seal, before = stretch.seal, self._gone
        if before and (before.month, before.last + 1) == (stretch.month, seal.number):
            events = before.events + seal.events
            self._gone = before._replace(last=seal.number, events=events)
            return
        yield from self._tell_gone()
        self._gone = _Gone(stretch.month, seal.number, seal.number, seal.events)

    def _tell_gone(self) -> Iterator[ChainProblem]:
        if self._gone:
            month, first, last, events = self._gone
            seals = f"seal {first}" if first == last else f"seals {first} to {last}"
            yield self._problem(
                first,
                f"all {events} job events of {month:%Y-%m} under {seals} are gone, and history is to be "
                "kept for longer: removed, or dropped while its settings were for fewer days",
            )
            self._gone = None

    def _problem(self, number: int, problem: str) -> ChainProblem:
        return ChainProblem(self._walk.chain, number, problem)


def _difference(stretch: SealedStretch) -> str:
    seal, events = stretch.seal, stretch.events
    where = f"job events with versions {seal.after_version + 1} to {seal.until_version}"
    if events < seal.events:
        return f"{where}: {seal.events - events} removed"
    if events > seal.events:
        return f"{where}: {events - seal.events} inserted"
    return f"{where}: at least one changed"
