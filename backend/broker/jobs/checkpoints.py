"""What attempts leave for later attempts of the same job, kept in its hash."""

from __future__ import annotations

from typing import cast

from redis import Redis

from backend.broker.keys import Keys
from backend.broker.server.connection import translated
from backend.broker.server.functions import Functions


class RedisCheckpoints:
    """Reads and writes checkpoints; writing is guarded by the job's fence."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._functions = Functions(client, keys.root)

    def load(self, job_id: str) -> str:
        """The JSON that an attempt left; empty for nothing."""
        with translated():
            found = cast("bytes | None", self._client.hget(self._keys.job(job_id), "checkpoint"))
        return found.decode() if found else ""

    def save(self, job_id: str, fence: str, checkpoint: str) -> bool:
        """Keeps JSON; False when the lease is lost, so that another attempt may run by now."""
        return int(self._functions.call("checkpoint", job_id, fence, checkpoint)) == 1
