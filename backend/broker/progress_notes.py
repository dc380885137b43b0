"""How far started jobs are, kept in their hashes while they run."""

from __future__ import annotations

from redis import Redis

from backend.broker.functions import Functions
from backend.broker.keys import Keys


class RedisProgressNotes:
    """Writes progress, guarded by the job's fence."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._functions = Functions(client, keys.root)

    def note(self, job_id: str, fence: str, progress: str) -> int:
        """Notes JSON; 1 noted, 0 the lease is lost, 2 noted and asked to cancel."""
        return int(self._functions.call("progress", job_id, fence, progress))
