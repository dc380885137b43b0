"""What metrics need of Redis besides queues and workers, in one round trip."""

from __future__ import annotations

from typing import Any

from redis import Redis

from backend.broker.keys import Keys
from backend.broker.server.connection import translated
from backend.telemetry.metrics.server_facts import ServerFacts


class RedisFacts:
    """The `FactSource` on Redis."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys

    def read(self) -> ServerFacts:
        """The facts. What ended is judged by Redis' clock."""
        with translated():
            seconds, microseconds = self._client.time()
            now = seconds + microseconds / 1e6
            pipe = self._client.pipeline(transaction=False)
            pipe.info("memory")
            pipe.zcard(self._keys.leases)
            pipe.zcount(self._keys.leases, "-inf", int(now * 1000))
            pipe.zrange(self._keys.schedule, 0, 0, withscores=True)
            pipe.zcard(self._keys.foreign)
            pipe.zcard(self._keys.breakers)
            pipe.zrange(self._keys.breakers, 0, 0, withscores=True)
            memory, leases, expired, first, foreign, breakers, longest = pipe.execute()
        return ServerFacts(
            memory_bytes=int(memory["used_memory"]),
            memory_limit_bytes=int(memory.get("maxmemory", 0)),
            leases=leases,
            leases_expired=expired,
            overdue_seconds=_overdue(first, now),
            foreign_jobs=foreign,
            breakers=breakers,
            breaker_seconds=max(0.0, now - longest[0][1] / 1000) if longest else 0.0,
        )


def _overdue(first: list[tuple[bytes, Any]], now: float) -> float:
    return max(0.0, now - float(first[0][1])) if first else 0.0
