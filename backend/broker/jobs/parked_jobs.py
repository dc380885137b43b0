"""Jobs that stepped aside: behind a full limit or the pause of their type. The read side.

Behind each gate they stand in a line for each priority, as `_gates.lua` says.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from datetime import datetime
from itertools import chain
from typing import cast

from redis import Redis

from backend.broker.keys import Keys
from backend.broker.server.connection import translated

_PAGE = 100
#: Jobs looked at for the oldest of each queue: very many may wait, and a scrape must not.
_MOST_LOOKED_AT = 5000
#: Names of the lines of high and of low jobs begin so; the line of normal ones is called like the gate.
_HIGH, _LOW = "h:", "l:"


def lines_of(gate: str) -> list[str]:
    """The lines behind a gate, the most urgent first."""
    return [_HIGH + gate, gate, _LOW + gate]


def gate_of(line: str) -> str:
    """The gate that a line waits for."""
    return line[len(_HIGH) :] if line.startswith((_HIGH, _LOW)) else line


class ParkedJobs:
    """Reads the lists behind the gates."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys

    def gates(self) -> list[str]:
        """Gates that jobs wait behind, by name."""
        return sorted({gate_of(line) for line in self.lines()})

    def lines(self) -> list[str]:
        """The lines behind them, by name."""
        with translated():
            found = cast(list[bytes], self._client.zrange(self._keys.gates, 0, -1))
        return sorted(line.decode() for line in found)

    def ids(self, gate: str, start: int, most: int) -> list[str]:
        """Ids behind one gate, the most urgent first, and of each priority the next to go on first."""
        found: list[str] = []
        lines = lines_of(gate)
        for line, waiting in zip(lines, self._lengths(lines), strict=True):
            if start < waiting and len(found) < most:
                found += self._page(line, start, most - len(found))
            start = max(0, start - waiting)
        return found

    def newest(self, most: int) -> list[str]:
        """The last ids behind each gate, at most so many of one; of very many gates fewer of each."""
        lines = self.lines()[:_MOST_LOOKED_AT]
        each = min(most, max(1, _MOST_LOOKED_AT // (10 * len(lines)))) if lines else 0
        return [job_id for ids in self._pages(lines, -each, each) for job_id in ids]

    def counts(self, gates: Sequence[str]) -> list[int]:
        """How many wait behind each gate."""
        lengths = self._lengths([line for gate in gates for line in lines_of(gate)])
        return [sum(lengths[at : at + 3]) for at in range(0, len(lengths), 3)]

    def _lengths(self, lines: Sequence[str]) -> list[int]:
        pipe = self._client.pipeline(transaction=False)
        for line in lines:
            pipe.llen(self._keys.parked(line))
        with translated():
            return pipe.execute() if lines else []

    def oldest(self, queues: Set[str]) -> dict[str, datetime]:
        """Since when the oldest parked job of each queue waits; a queue without one is left out.

        Those of one queue stand in a line in their order, so that the first one tells. Where jobs of
        several queues wait in many lines, it may be the first of those that were looked at.
        """
        found: dict[str, datetime] = {}
        lines, start, looked = self.lines()[:_MOST_LOOKED_AT], 0, 0
        while lines and looked < _MOST_LOOKED_AT and not queues <= found.keys():
            page = max(1, min(_PAGE, (_MOST_LOOKED_AT - looked) // len(lines)))
            pages = self._pages(lines, start, page)
            ids = list(chain.from_iterable(pages))
            for queue, since in self._since(ids):
                if queue in queues:
                    found[queue] = min(since, found.get(queue, since))
            lines = [line for line, ids in zip(lines, pages, strict=True) if len(ids) == page]
            start, looked = start + page, looked + len(ids)
        return found

    def _page(self, line: str, start: int, most: int) -> list[str]:
        [ids] = self._pages([line], start, most)
        return ids

    def _pages(self, lines: Sequence[str], start: int, most: int) -> list[list[str]]:
        pipe = self._client.pipeline(transaction=False)
        for line in lines:
            pipe.lrange(self._keys.parked(line), start, start + most - 1)
        with translated():
            return [[job_id.decode() for job_id in ids] for ids in pipe.execute()]

    def _since(self, job_ids: Sequence[str]) -> list[tuple[str, datetime]]:
        pipe = self._client.pipeline(transaction=False)
        for job_id in job_ids:
            pipe.hmget(self._keys.job(job_id), "origin", "enqueued_at", "created_at")
        with translated():
            rows = pipe.execute() if job_ids else []
        found = [(queue, enqueued or created) for queue, enqueued, created in rows]
        return [(q.decode(), datetime.fromisoformat(at.decode())) for q, at in found if q and at]
