"""Previewed plans in Redis, so that whichever web process is asked can enqueue what another has shown."""

from __future__ import annotations

from redis import Redis

from backend.broker.keys import Keys
from backend.broker.server.connection import translated


class RedisPlanShelf:
    """The `PlanShelf` in Redis. Every method raises `Unavailable`."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys

    def keep(self, plan: str, requests: str, seconds: float) -> None:
        """Keeps the requests of a plan from now on for so long."""
        with translated():
            self._redis.set(self._keys.plan(plan), requests, px=max(1, int(seconds * 1000)))

    def find(self, plan: str) -> str | None:
        """The requests of a plan, if they are still kept."""
        with translated():
            text = self._redis.get(self._keys.plan(plan))
        return text.decode() if isinstance(text, bytes) else None
