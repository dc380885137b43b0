"""Worker processes as RQ's tools see them: a hash each, in RQ's sets, with a time to live."""

from __future__ import annotations

import os
import platform
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from importlib import metadata
from typing import Any

import psutil
from redis import Redis

from backend import __version__
from backend.broker.keys import Keys
from backend.broker.server.connection import translated
from backend.broker.server.functions import Functions
from backend.domain.errors import QueueFull
from backend.domain.jobs.job import ClaimedJob

#: For so long nobody may be there to rescue what a worker had that was killed as it stopped.
_STOP_KEPT_SECONDS = 86_400


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
        self._functions = Functions(client, keys.root)
        self._keys = keys
        self._name = name
        self._queues = queues
        self._lifetime = max(1, int(lifetime))
        self._facts = {"name": name, "lane": lane, "slots": slots, "tally_version": __version__}
        self._process = psutil.Process()
        self._is_stop_noted = False

    def register(self) -> None:
        """Appears in RQ's sets."""
        now = _stamp()
        fields: dict[str, Any] = {
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
        self._say("", self._lifetime, self._queues, fields)
        self._declare()

    def beat(
        self, jobs: Sequence[ClaimedJob], *, stopping: bool, finished: int = 0, failed: int = 0
    ) -> None:
        """Is still there; appears again if Redis forgot it."""
        fields: dict[str, Any] = {
            "last_heartbeat": _stamp(),
            "state": "busy" if jobs else "idle",
            "stopping": int(stopping),
            "busy_slots": len(jobs),
            "successful_job_count": finished,
            "failed_job_count": failed,
            "rss_bytes": self._process.memory_info().rss,
        }
        # Rescuers of the last release look there whether one that is killed was stopping.
        lifetime = self._lifetime * (2 if stopping else 1)
        if not self._say(jobs[0].id if jobs else "", lifetime, (), fields):
            self.register()
            # Redis forgot that, too.
            self._is_stop_noted = False
        if stopping:
            self._note_stop()

    def _note_stop(self) -> None:
        """Once, for whoever rescues its jobs if it is killed as it stops, however late that is."""
        if self._is_stop_noted:
            return
        # Where memory is full that it is here is heard all the same.
        with suppress(QueueFull), translated():
            self._client.set(self._keys.told_to_stop(self._name), 1, ex=_STOP_KEPT_SECONDS)
            self._is_stop_noted = True

    def _say(
        self, job_id: str, lifetime: int, queues: Sequence[str], fields: Mapping[str, Any]
    ) -> bool:
        """Whether it is known now; it always is of whoever names queues."""
        pairs = (text for pair in fields.items() for text in pair)
        said = (job_id, len(queues), *queues, *pairs)
        return bool(self._functions.call("appear", self._name, lifetime, *said))

    def unregister(self) -> None:
        """Is gone; its hash stays a minute, with its death, as RQ does it."""
        forget_worker(self._client, self._keys, self._name, self._queues)


def forget_worker(client: Redis, keys: Keys, name: str, queues: Sequence[str]) -> None:
    """Takes a worker out of RQ's sets and notes its death."""
    key = keys.worker(name)
    pipe = client.pipeline(transaction=False)
    pipe.delete(keys.told_to_stop(name))
    pipe.srem(keys.workers, key)
    for queue in queues:
        pipe.srem(keys.workers_of(queue), key)
    pipe.hset(key, "death", _stamp())
    pipe.expire(key, 60)
    # All else of it is done, also where memory is full and a death takes too much of it.
    with suppress(QueueFull), translated():
        pipe.execute()
