"""The lists on which idle worker processes block."""

from __future__ import annotations

from collections.abc import Sequence

from redis import Redis

from backend.broker.keys import Keys
from backend.broker.server.connection import blocked, translated


class RedisWakeCalls:
    """Waits for jobs in some lanes; a list of the worker's own lets it wake itself."""

    def __init__(
        self, client: Redis, blocking: Redis, keys: Keys, lanes: Sequence[str], *, worker: str
    ) -> None:
        self._client = client
        self._blocking = blocking
        self._own = keys.wake(f"worker:{worker}")
        self._lists = [self._own, *(keys.wake(lane) for lane in lanes)]

    def wait(self, timeout: float) -> bool:
        """Blocks until a job arrives in one of the lanes, at most ``timeout`` seconds."""
        with translated():
            return blocked(self._blocking, timeout, "BLPOP", *self._lists, timeout) is not None

    def call_own(self) -> None:
        """Wakes whoever of this worker process waits."""
        pipe = self._client.pipeline(transaction=False)
        pipe.rpush(self._own, 1)
        pipe.expire(self._own, 60)
        with translated():
            pipe.execute()
