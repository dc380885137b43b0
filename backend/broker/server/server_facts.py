"""What metrics need of Redis besides queues and workers, in one round trip."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from redis import Redis

from backend.broker.keys import Keys
from backend.broker.server.connection import translated
from backend.domain.jobs.options.quota import quota_in
from backend.telemetry.metrics.server_facts import ServerFacts

#: A scrape must not take long.
_MOST_TENANTS = 1000


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
            pipe.hgetall(self._keys.quotas)
            memory, leases, expired, first, foreign, breakers, longest, said = pipe.execute()
            used_up = self._used_up(said) if said else (0, 0)
        return ServerFacts(
            memory_bytes=int(memory["used_memory"]),
            memory_limit_bytes=int(memory.get("maxmemory", 0)),
            evicts=bool(eviction_policy(memory)),
            leases=leases,
            leases_expired=expired,
            overdue_seconds=_overdue(first, now),
            foreign_jobs=foreign,
            breakers=breakers,
            breaker_seconds=max(0.0, now - longest[0][1] / 1000) if longest else 0.0,
            quotas=len(said),
            quotas_waiting=used_up[0],
            quotas_running=used_up[1],
        )

    def _used_up(self, said: Mapping[bytes, bytes]) -> tuple[int, int]:
        """How many tenants have as many jobs waiting, and running, as may; of very many not all."""
        quotas = [(name.decode(), quota_in(text.decode())) for name, text in said.items()]
        looked_at = quotas[:_MOST_TENANTS]
        pipe = self._client.pipeline(transaction=False)
        for tenant, _ in looked_at:
            pipe.scard(self._keys.waiting(tenant))
            pipe.scard(self._keys.holders(f"tenant:{tenant}"))
        numbers = pipe.execute()
        wait, run = 0, 0
        for (_, quota), waiting, running in zip(
            looked_at, numbers[::2], numbers[1::2], strict=True
        ):
            wait += _is_reached(waiting, quota.waiting if quota else None)
            run += _is_reached(running, quota.running if quota else None)
        return wait, run


def eviction_policy(memory: Mapping[str, Any]) -> str:
    """By which rule Redis throws away what it holds when memory runs out; empty: it refuses what is new.

    Told by INFO, which services answer that show no configuration.
    """
    policy = str(memory.get("maxmemory_policy", "noeviction"))
    return "" if policy == "noeviction" else policy


def _is_reached(number: int, most: int | None) -> bool:
    return most is not None and number >= most


def _overdue(first: list[tuple[bytes, Any]], now: float) -> float:
    return max(0.0, now - float(first[0][1])) if first else 0.0
