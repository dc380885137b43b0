"""From an address to connections: one pool for each use, all ended together."""

from __future__ import annotations

from redis import Redis

from backend.broker.server.connection import COMMAND_TIMEOUT, connect, connect_blocking


class Connector:
    """The way to one Redis. The server's own list shows each pool by its name.

    Who asks again under the same name gets the same pool. Making one opens no connection yet, so two
    threads that ask at once cost nothing: the second's is never used.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._pools: dict[str, Redis] = {}
        self._blocking: dict[str, Redis] = {}

    def client(self, name: str = "tally", *, timeout_seconds: float = COMMAND_TIMEOUT) -> Redis:
        """For short commands, each of which may take so long."""
        if name not in self._pools:
            made = connect(self._url, name=name, command_timeout=timeout_seconds)
            self._pools.setdefault(name, made)
        return self._pools[name]

    def blocking(self, name: str = "tally-waiting") -> Redis:
        """For commands that block."""
        if name not in self._blocking:
            self._blocking.setdefault(name, connect_blocking(self._url, name=name))
        return self._blocking[name]

    def close(self) -> None:
        """Ends every connection. Who goes on using a pool opens one anew."""
        for client in (*self._pools.values(), *self._blocking.values()):
            client.close()
