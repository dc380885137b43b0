"""Jobs that stepped aside: behind a full limit or the pause of their type. The read side."""

from __future__ import annotations

from collections.abc import Sequence, Set
from datetime import datetime
from typing import cast

from redis import Redis

from backend.broker.keys import Keys
from backend.broker.server.connection import translated

_PAGE = 100
#: Jobs looked at for the oldest of each queue: very many may wait, and a scrape must not.
_MOST_LOOKED_AT = 5000


class ParkedJobs:
    """Reads the lists behind the gates."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys

    def gates(self) -> list[str]:
        """Gates that jobs wait behind, by name."""
        with translated():
            found = cast(list[bytes], self._client.zrange(self._keys.gates, 0, -1))
        return sorted(gate.decode() for gate in found)

    def ids(self, gate: str, start: int, most: int) -> list[str]:
        """Ids behind one gate, the next to go on first."""
        with translated():
            key = self._keys.parked(gate)
            ids = cast(list[bytes], self._client.lrange(key, start, start + most - 1))
        return [job_id.decode() for job_id in ids]

    def newest(self, most: int) -> list[str]:
        """The last ids behind each gate, at most so many of one; of very many gates fewer of each."""
        gates = self.gates()[:_MOST_LOOKED_AT]
        each = min(most, max(1, _MOST_LOOKED_AT // (10 * len(gates)))) if gates else 0
        return [job_id for ids in self._pages(gates, -each, each) for job_id in ids]

    def counts(self, gates: Sequence[str]) -> list[int]:
        """How many wait behind each gate."""
        pipe = self._client.pipeline(transaction=False)
        for gate in gates:
            pipe.llen(self._keys.parked(gate))
        with translated():
            return pipe.execute() if gates else []

    def oldest(self, queues: Set[str]) -> dict[str, datetime]:
        """Since when the oldest parked job of each queue waits; a queue without one is left out.

        Those of one queue stand behind a gate in their order, so that the first one tells. Where jobs
        of several queues wait behind many gates, it may be the first of those that were looked at.
        """
        found: dict[str, datetime] = {}
        gates, start, looked = self.gates()[:_MOST_LOOKED_AT], 0, 0
        while gates and looked < _MOST_LOOKED_AT and not queues <= found.keys():
            page = max(1, min(_PAGE, (_MOST_LOOKED_AT - looked) // len(gates)))
            lists = self._pages(gates, start, page)
            ids = [job_id for behind in lists for job_id in behind]
            for queue, since in self._since(ids):
                if queue in queues:
                    found[queue] = min(since, found.get(queue, since))
            gates = [gate for gate, ids in zip(gates, lists, strict=True) if len(ids) == page]
            start, looked = start + page, looked + len(ids)
        return found

    def _pages(self, gates: Sequence[str], start: int, most: int) -> list[list[str]]:
        pipe = self._client.pipeline(transaction=False)
        for gate in gates:
            pipe.lrange(self._keys.parked(gate), start, start + most - 1)
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
