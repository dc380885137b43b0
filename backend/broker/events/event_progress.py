"""How far the record follows the event stream."""

from __future__ import annotations

from typing import Any

from redis import Redis

from backend.broker.events.event_stream import group_of
from backend.broker.keys import Keys
from backend.broker.server.connection import translated
from backend.domain.jobs.job_event import version_of


class RedisEventProgress:
    """The `EventProgress` on Redis."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._key = keys.events

    def head(self) -> int:
        """The version of the newest event; 0 when there never was one."""
        with translated():
            if not self._client.exists(self._key):
                return 0
            return self._head()

    def recorded(self) -> int | None:
        """Every event up to this version is on record; None when none is missing at all."""
        with translated():
            if not self._client.exists(self._key):
                return None
            head = self._head()
            group = group_of(self._client.xinfo_groups(self._key))
            if group is None:
                return 0
            last = _text(group["last-delivered-id"])
            # In this order: what is neither still to come nor held by a recorder is on record, or was
            # taken out of the stream by somebody, so that it never will be.
            is_last = not self._client.xrange(self._key, min=f"({last}", count=1)
            pending = self._client.xpending(self._key, _text(group["name"]))
        delivered = max(head, version_of(last)) if is_last else version_of(last)
        if not pending["pending"]:
            return delivered
        return min(delivered, version_of(_text(pending["min"])) - 1)

    def _head(self) -> int:
        return version_of(_text(self._client.xinfo_stream(self._key)["last-generated-id"]))


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
