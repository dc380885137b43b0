"""Jobs that wait beside their queues: behind a full limit, the pause of their type, in fair lines.

The read side. Behind each gate they stand in a line for each priority, as `_gates.lua` says; the lines of
one fair queue are read as one gate, in the order of their turns.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
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
#: Those of a fair queue begin so; behind the queue is the key, which has no such character in it.
FAIR, _BETWEEN = "fair:", "\x1f"


def lines_of(gate: str) -> list[str]:
    """The lines behind a gate, the most urgent first."""
    return [_HIGH + gate, gate, _LOW + gate]


def gate_of(line: str) -> str:
    """The gate that a line waits for."""
    return line[len(_HIGH) :] if line.startswith((_HIGH, _LOW)) else line


def fair_line_of(queue: str, key: str) -> str:
    """The line of a key in a fair queue."""
    return f"{FAIR}{queue}{_BETWEEN}{key}"


def queue_and_key(line: str) -> tuple[str, str] | None:
    """Whose line it is, if it is one of a fair queue."""
    queue, between, key = line.removeprefix(FAIR).partition(_BETWEEN)
    return (queue, key) if between and line.startswith(FAIR) else None


class ParkedJobs:
    """Reads the lists behind the gates."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys

    def gates(self) -> list[str]:
        """Gates that jobs wait behind, by name; a fair queue is one."""
        fair = {FAIR + queue for queue in self.fair_queues()}
        return sorted({gate_of(line) for line in self.lines()} | fair)

    def lines(self) -> list[str]:
        """The lines behind them, by name."""
        with translated():
            found = cast(list[bytes], self._client.zrange(self._keys.gates, 0, -1))
        return sorted(line.decode() for line in found)

    def ids(self, gate: str, start: int, most: int) -> list[str]:
        """Ids behind one gate, the most urgent first, and of each priority the next to go on first."""
        found: list[str] = []
        lines = lines_of(gate)
        if gate.startswith(FAIR):
            lines = self._fair_lines([gate.removeprefix(FAIR)], 0)
        for line, waiting in zip(lines, self.lengths(lines), strict=True):
            if start < waiting and len(found) < most:
                found += self._page(line, start, most - len(found))
            start = max(0, start - waiting)
        return found

    def newest(self, most: int) -> list[str]:
        """The last ids behind each gate, at most so many of one; of very many gates fewer of each."""
        lines = self._some_lines(self.fair_queues())
        each = min(most, max(1, _MOST_LOOKED_AT // (10 * len(lines)))) if lines else 0
        return [job_id for ids in self._pages(lines, -each, each) for job_id in ids]

    def counts(self, gates: Sequence[str]) -> list[int]:
        """How many wait behind each gate."""
        lengths = self.lengths([line for gate in gates for line in lines_of(gate)])
        return [sum(lengths[at : at + 3]) for at in range(0, len(lengths), 3)]

    def fair_queues(self) -> list[str]:
        """Queues that are fair, or were and still have lines."""
        with translated():
            found = cast(dict[bytes, bytes], self._client.hgetall(self._keys.fair))
        return sorted(queue.decode() for queue in found)

    def fair_keys(self, queue: str, most: int) -> list[str]:
        """Whose lines a queue has, in the order of turns; at most so many, 0: all."""
        with translated():
            found = cast(list[bytes], self._client.zrange(self._keys.lines(queue), 0, most - 1))
        return [key.decode() for key in found]

    def _fair_lines(self, queues: Iterable[str], most: int) -> list[str]:
        return [fair_line_of(q, key) for q in queues for key in self.fair_keys(q, most)]

    def _some_lines(self, queues: Iterable[str]) -> list[str]:
        """Those behind gates, and the first ones of fair queues."""
        return [*self.lines(), *self._fair_lines(queues, _PAGE)][:_MOST_LOOKED_AT]

    def lengths(self, lines: Sequence[str]) -> list[int]:
        """How many wait in each line."""
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
        lines, start, looked = self._some_lines(queues), 0, 0
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
