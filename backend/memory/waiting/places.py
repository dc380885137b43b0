"""Where a job of a fair queue is put behind a gate, in memory: the rules of `_places.lua`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

#: Of a turn: behind the key that is next by so much a new one comes, before those who have had theirs.
_ROUND = 0.999


class TurnsBehindGates:
    """Virtual times of the jobs of each line behind a gate, and how far each key has come there."""

    def __init__(self) -> None:
        self._at: defaultdict[str, dict[str, float]] = defaultdict(dict)
        self._spent: defaultdict[str, dict[str, float]] = defaultdict(dict)

    def place(self, line: str, waiting: Sequence[str], job_id: str, key: str, stride: float) -> int:
        """How many of those who wait in a line go before a newcomer, who is one of them from now on."""
        if not waiting:
            self._at.pop(line, None)
            self._spent.pop(line, None)
        at, spent = self._at[line], self._spent[line]
        now = self._now(at, waiting)
        had = spent.get(key, -1.0)
        mine = spent[key] = had + stride if had >= now else now + _ROUND * stride
        before = next((n for n, other in enumerate(waiting) if at.get(other, 0.0) > mine), None)
        at[job_id] = mine
        return len(waiting) if before is None else before

    @staticmethod
    def _now(at: dict[str, float], waiting: Sequence[str]) -> float:
        """That of the first who waits; who was before it has left."""
        if not waiting or waiting[0] not in at:
            return min((at[other] for other in waiting if other in at), default=0.0)
        now = at[waiting[0]]
        for gone in [other for other, its in at.items() if its < now]:
            del at[gone]
        return now
