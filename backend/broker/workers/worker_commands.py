"""Reaches worker processes: RQ's shutdown command, and the records that the dead left behind."""

from __future__ import annotations

import json
from typing import cast

from redis import Redis

from backend.broker.keys import Keys
from backend.broker.server.connection import translated


class RedisWorkerCommands:
    """The `WorkerCommands` on Redis."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys

    def shut_down(self, worker: str) -> bool:
        """Asks it to stop in order, as `rq`'s own command does; False when it does not listen."""
        command = json.dumps({"command": "shutdown"})
        with translated():
            return int(self._client.publish(self._keys.commands(worker), command)) > 0

    def forget(self, worker: str) -> None:
        """Takes its record and its places in RQ's sets away. Leases are not touched."""
        key = self._keys.worker(worker)
        with translated():
            queues = cast("bytes | None", self._client.hget(key, "queues"))
            pipe = self._client.pipeline(transaction=False)
            pipe.srem(self._keys.workers, key)
            for queue in (queues or b"").decode().split(","):
                pipe.srem(self._keys.workers_of(queue), key)
            pipe.delete(key)
            pipe.execute()
