"""The lists on which idle worker processes block."""

from __future__ import annotations

from collections.abc import Sequence

from redis import Redis
from redis.exceptions import RedisError

from backend.broker.connection import translate
from backend.broker.keys import Keys


class RedisWakeCalls:
    """Waits for jobs in some lanes."""

    def __init__(self, blocking: Redis, keys: Keys, lanes: Sequence[str]) -> None:
        self._blocking = blocking
        self._lists = [keys.wake(lane) for lane in lanes]

    def wait(self, timeout: float) -> bool:
        """Blocks until a job arrives in one of the lanes, at most ``timeout`` seconds."""
        try:
            return self._blocking.blpop(self._lists, timeout) is not None
        except RedisError as error:
            raise translate(error) from error
