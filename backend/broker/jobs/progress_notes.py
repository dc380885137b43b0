"""How far started jobs are, kept in their hashes while they run."""

from __future__ import annotations

from redis import Redis

from backend.broker.keys import Keys
from backend.broker.server.functions import Functions
from backend.domain.jobs.step_codes import ExtendCode


class RedisProgressNotes:
    """Writes progress, guarded by the job's fence."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._functions = Functions(client, keys.root)

    def note(self, job_id: str, fence: str, progress: str) -> ExtendCode:
        """Notes JSON, while the lease holds."""
        return ExtendCode(self._functions.call("progress", job_id, fence, progress))
