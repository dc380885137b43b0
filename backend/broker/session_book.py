"""Sessions of the dashboard in Redis, so that every web process knows them."""

from __future__ import annotations

from redis import Redis

from backend.broker.keys import Keys
from backend.broker.server.connection import translated


class RedisSessions:
    """Keeps texts for some seconds. Every method raises QueueUnavailable."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys

    def keep(self, name: str, text: str, seconds: float) -> None:
        """Keeps a text from now on for so long."""
        with translated():
            self._redis.set(self._keys.session(name), text, px=max(1, int(seconds * 1000)))

    def prolong(self, name: str, text: str, seconds: float) -> bool:
        """The same of one that is still kept; False when it is not."""
        milliseconds = max(1, int(seconds * 1000))
        with translated():
            kept = self._redis.set(self._keys.session(name), text, px=milliseconds, xx=True)
        return bool(kept)

    def find(self, name: str) -> str | None:
        """The text, if it is still kept."""
        with translated():
            text = self._redis.get(self._keys.session(name))
        return text.decode() if isinstance(text, bytes) else None

    def drop(self, name: str) -> None:
        """Forgets it."""
        with translated():
            self._redis.delete(self._keys.session(name))
