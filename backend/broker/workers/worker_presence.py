"""Worker processes as RQ's tools see them: a hash each, in RQ's sets, with a time to live."""

from __future__ import annotations

import os
import platform
import socket
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib import metadata
from typing import Any

import psutil
from redis import Redis

from backend import __version__
from backend.broker.keys import Keys
from backend.broker.server.connection import translated
from backend.domain.jobs.job import ClaimedJob


def _stamp() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class RedisWorkerPresence:
    """The record of one worker process. A name carries a boot id, so a restart never meets its past."""

    def __init__(
        self,
        client: Redis,
        keys: Keys,
        *,
        name: str,
        lane: str,
        queues: Sequence[str],
        slots: int,
        lifetime: float,
        declare: Callable[[], None] = lambda: None,
    ) -> None:
        """``declare`` tells of its job types whenever it appears: Redis may have forgotten them too."""
        self._declare = declare
        self._client = client
        self._keys = keys
        self._key = keys.worker(name)
        self._queues = queues
        self._lifetime = max(1, int(lifetime))
        self._facts = {"name": name, "lane": lane, "slots": slots, "tally_version": __version__}
        self._process = psutil.Process()

    def register(self) -> None:
        """Appears in RQ's sets."""
        now = _stamp()
        fields: dict[Any, Any] = {
            **self._facts,
            "birth": now,
            "last_heartbeat": now,
            "queues": ",".join(self._queues),
            "pid": os.getpid(),
            "hostname": socket.gethostname(),
            "ip_address": "",
            # Not out of the package: importing it takes each start longer than all else here.
            "version": metadata.version("rq"),
            "python_version": platform.python_version(),
            "state": "idle",
        }
        pipe = self._client.pipeline(transaction=False)
        pipe.hset(self._key, mapping=fields)
        pipe.expire(self._key, self._lifetime)
        pipe.sadd(self._keys.workers, self._key)
        for queue in self._queues:
            pipe.sadd(self._keys.workers_of(queue), self._key)
        with translated():
            pipe.execute()
        self._declare()

    def beat(
        self, jobs: Sequence[ClaimedJob], *, stopping: bool, finished: int = 0, failed: int = 0
    ) -> None:
        """Is still there; appears again if Redis forgot it."""
        fields: dict[Any, Any] = {
            "last_heartbeat": _stamp(),
            "state": "busy" if jobs else "idle",
            "stopping": int(stopping),
            "busy_slots": len(jobs),
            "successful_job_count": finished,
            "failed_job_count": failed,
            "rss_bytes": self._process.memory_info().rss,
        }
        if jobs:
            fields["current_job"] = jobs[0].id
        pipe = self._client.pipeline(transaction=False)
        pipe.exists(self._key)
        pipe.hset(self._key, mapping=fields)
        if not jobs:
            pipe.hdel(self._key, "current_job")
        # Who rescues the jobs of one that is killed as it stops, finds that it did.
        pipe.expire(self._key, self._lifetime * (2 if stopping else 1))
        with translated():
            known, *_ = pipe.execute()
        if not known:
            self.register()

    def unregister(self) -> None:
        """Is gone; its hash stays a minute, with its death, as RQ does it."""
        forget_worker(self._client, self._keys, self._key, self._queues)


def forget_worker(client: Redis, keys: Keys, key: str, queues: Sequence[str]) -> None:
    """Takes a worker out of RQ's sets and notes its death."""
    pipe = client.pipeline(transaction=False)
    pipe.srem(keys.workers, key)
    for queue in queues:
        pipe.srem(keys.workers_of(queue), key)
    pipe.hset(key, "death", _stamp())
    pipe.expire(key, 60)
    with translated():
        pipe.execute()
