"""Jobs that RQ enqueued where ours wait, and that claims have set apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from redis import Redis

from backend.broker.jobs.moments import moment
from backend.broker.keys import Keys
from backend.broker.server.connection import translated
from backend.broker.server.functions import Functions
from backend.domain.ledger.foreign_job import ForeignJob

_BULK = 200


class RedisForeignJobs:
    """The `ForeignJobs` on Redis."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._functions = Functions(client, keys.root)

    def count(self) -> int:
        """How many there are."""
        with translated():
            return self._client.zcard(self._keys.foreign)

    def first(self, most: int) -> list[ForeignJob]:
        """Those that are there for longest. What RQ has deleted meanwhile has neither queue nor call."""
        with translated():
            found = cast(
                list[Any], self._client.zrange(self._keys.foreign, 0, most - 1, withscores=True)
            )
            pipe = self._client.pipeline(transaction=False)
            for job_id, _ in found:
                pipe.hmget(self._keys.job(job_id.decode()), "origin", "description")
            rows = pipe.execute() if found else []
        return [
            ForeignJob(job_id.decode(), _text(queue), _text(call), moment(since / 1000))
            for (job_id, since), (queue, call) in zip(found, rows, strict=True)
        ]

    def give_back(self, job_ids: Sequence[str], queue: str) -> list[bool]:
        """Enqueues jobs in a queue of RQ; False for one that was not set apart, or is gone."""
        replies: list[int] = []
        for start in range(0, len(job_ids), _BULK):
            ids = job_ids[start : start + _BULK]
            replies += self._functions.codes("give_back", queue, *ids)
        return [reply == 1 for reply in replies]


def _text(value: bytes | None) -> str:
    return (value or b"").decode(errors="replace")
