"""The connections of one process to both stores: one pool for each use, all ended together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redis import Redis

from backend.api.config.settings import Settings
from backend.api.config.store_urls import is_memory
from backend.broker.server.connection import COMMAND_TIMEOUT, connect, connect_blocking
from backend.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from sqlalchemy import Engine


class Connections:
    """Makes each pool when it is first asked for; the servers' own lists show it by its name.

    Who asks again under the same name gets the same pool. Making one opens no connection yet, so two
    threads that ask at once cost nothing: the second's is never used.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._redis: dict[str, Redis] = {}
        self._blocking: dict[str, Redis] = {}
        self._postgres: dict[str, Engine] = {}

    def redis(self, name: str = "tally", *, command_timeout: float = COMMAND_TIMEOUT) -> Redis:
        """For short commands. Seconds."""
        if name not in self._redis:
            self._refuse_memory()
            made = connect(self._settings.redis_url, name=name, command_timeout=command_timeout)
            self._redis.setdefault(name, made)
        return self._redis[name]

    def blocking_redis(self, name: str = "tally-waiting") -> Redis:
        """For commands that block."""
        if name not in self._blocking:
            self._refuse_memory()
            made = connect_blocking(self._settings.redis_url, name=name)
            self._blocking.setdefault(name, made)
        return self._blocking[name]

    def _refuse_memory(self) -> None:
        if is_memory(self._settings.redis_url):
            raise ConfigurationError(
                "redis_url is memory:, which this process has to itself and no other can reach; "
                "this needs a Redis: set REDIS_URL, or `python -m backend.embedded` for one to try"
            )

    def postgres(self, name: str = "tally", **limits: Any) -> Engine:
        """For the record; the limits are those of `backend.history.server.connection.connect`."""
        # Not above: worker processes import nothing of Postgres.
        from backend.history.server.connection import connect as connect_history

        if name not in self._postgres:
            settings = self._settings
            made = connect_history(
                settings.database_url, name=name, schema=settings.database_schema, **limits
            )
            self._postgres.setdefault(name, made)
        return self._postgres[name]

    def close(self) -> None:
        """Ends every connection. Who goes on using a pool opens one anew."""
        for client in (*self._redis.values(), *self._blocking.values()):
            client.close()
        for engine in self._postgres.values():
            engine.dispose()
