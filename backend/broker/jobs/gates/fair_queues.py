"""Fair queues in Redis: who stands in which line, as `_fair.lua` keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from redis import Redis

from backend.broker.jobs.parked_jobs import ParkedJobs, fair_line_of, queue_and_key
from backend.broker.keys import Keys
from backend.broker.server.connection import translated
from backend.broker.server.functions import Functions
from backend.domain.jobs.options.fairness import FAIR_BY, Fairness, FairPlace, FairShare

#: Jobs of one step.
_BULK = 200


class RedisFairQueues:
    """The `FairQueues` on Redis."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._functions = Functions(client, keys.root)
        self._parked = ParkedJobs(client, keys)

    def rules(self) -> dict[str, Fairness]:
        """How each fair queue is fair."""
        with translated():
            found = cast(dict[bytes, bytes], self._client.hgetall(self._keys.fair))
        said = {queue.decode(): rule.decode().split(" ") for queue, rule in found.items()}
        return {
            queue: Fairness(by, self._weights(queue) if rest else {})
            for queue, (by, *rest) in said.items()
            if by in FAIR_BY
        }

    def set_rule(self, queue: str, fairness: Fairness | None, *, by: str, reason: str) -> None:
        """Moves who waits there, some hundreds a step."""
        words = (by, reason, queue, fairness.text if fairness else "", _BULK)
        while self._functions.call("fairness", *words):
            pass

    def place(self, job_id: str) -> FairPlace | None:
        """Where a job stands in the lines of its queue; None when it stands in none."""
        with translated():
            parked = cast("bytes | None", self._client.hget(self._keys.job(job_id), "parked"))
        line = queue_and_key(parked.decode()) if parked else None
        if parked is None or line is None:
            return None
        pipe = self._client.pipeline(transaction=False)
        pipe.lpos(self._keys.parked(parked.decode()), job_id)
        pipe.zrank(self._keys.lines(line[0]), line[1])
        pipe.zcard(self._keys.lines(line[0]))
        with translated():
            before, lines_before, lines = pipe.execute()
        return None if before is None else FairPlace(line[1], before, lines_before or 0, lines)

    def shares(self, queue: str, most: int) -> Sequence[FairShare]:
        """The lines of a queue that have a turn next, in the order of turns."""
        keys = self._parked.fair_keys(queue, most)
        waiting = self._parked.lengths([fair_line_of(queue, key) for key in keys])
        rule = self.rules().get(queue, Fairness())
        return [
            FairShare(key, number, rule.weights.get(key, 1))
            for key, number in zip(keys, waiting, strict=True)
            if number
        ]

    def _weights(self, queue: str) -> dict[str, int]:
        with translated():
            found = cast(dict[bytes, bytes], self._client.hgetall(self._keys.weights(queue)))
        return {key.decode(): int(weight) for key, weight in found.items()}
