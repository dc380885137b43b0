"""The connections of one process to both stores: one pool for each use, all ended together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from backend.api.config.settings import Settings
from backend.api.config.store_urls import is_memory
from backend.broker.server.connector import Connector
from backend.broker.shard import Shard
from backend.domain.errors import ConfigurationError
from backend.locks.fork_locks import cached_property

if TYPE_CHECKING:
    from sqlalchemy import Engine


class Connections:
    """Makes each pool when it is first asked for; the servers' own lists show it by its name.

    Who asks again under the same name gets the same pool. Making one opens no connection yet, so two
    threads that ask at once cost nothing: the second's is never used.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._postgres: dict[str, Engine] = {}

    @cached_property
    def shards(self) -> tuple[Shard, ...]:
        """Every Redis of the deployment; there is one. Raises `ConfigurationError` where there is none."""
        settings = self._settings
        if is_memory(settings.redis_url):
            raise ConfigurationError(
                "redis_url is memory:, which this process has to itself and no other can reach; "
                "this needs a Redis: set REDIS_URL, or `python -m backend.embedded` for one to try"
            )
        return (Shard(0, settings.redis.prefix, Connector(settings.redis_url)),)

    def replica(self) -> Engine:
        """For what may be some moments old; the record's own where there is no replica."""
        if not self._settings.read_url:
            return self.postgres()
        return self.postgres("tally-reading", url=self._settings.read_url)

    def postgres(self, name: str = "tally", url: str = "", **limits: Any) -> Engine:
        """For the record; the limits are those of `backend.history.server.connection.connect`."""
        # Not above: worker processes import nothing of Postgres.
        from backend.history.server.connection import connect as connect_history

        if name not in self._postgres:
            settings = self._settings
            made = connect_history(
                url or settings.database_url,
                name=name,
                schema=settings.database_schema,
                **limits,
            )
            self._postgres.setdefault(name, made)
        return self._postgres[name]

    def close(self) -> None:
        """Ends every connection. Who goes on using a pool opens one anew."""
        for shard in vars(self).get("shards", ()):
            shard.connector.close()
        for engine in self._postgres.values():
            engine.dispose()
