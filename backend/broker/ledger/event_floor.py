"""The version above which the events of one Redis are."""

from __future__ import annotations

from typing import Any, cast

from redis import Redis
from redis.exceptions import NoPermissionError

from backend.broker.keys import Keys
from backend.broker.server.connection import translated
from backend.broker.server.functions import Functions
from backend.domain.jobs.job_event import version_of
from backend.domain.ledger.ledger import stream_id_of
from backend.domain.ledger.shard_epoch import ServerSight


class RedisEventFloor:
    """The `EventFloor` on Redis."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._key = keys.events
        self._functions = Functions(client, keys.root)

    def look(self) -> ServerSight:
        """Which server answers, and how far its events have come."""
        with translated():
            server, replication = self._section("server"), self._section("replication")
            last = self._last_id() if self._client.exists(self._key) else "0-0"
        return ServerSight(
            str(replication.get("master_replid", "")),
            str(replication.get("master_replid2", "")),
            str(server.get("run_id", "")),
            version_of(last),
        )

    def raise_above(self, version: int) -> int:
        """The next event gets a higher version than this, and than all before it; above which."""
        raised, _ = self._functions.call("raise", *stream_id_of(version).split("-"))
        return version_of(raised.decode())

    def _last_id(self) -> str:
        facts: Any = self._client.xinfo_stream(self._key)
        return cast(bytes, facts["last-generated-id"]).decode()

    def _section(self, name: str) -> dict[str, Any]:
        """What the server says of itself; a managed one may keep that to itself."""
        try:
            return self._client.info(name)
        except NoPermissionError:
            return {}
