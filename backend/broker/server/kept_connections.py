"""Connections of redis-py that calls of functions keep between them.

To take one from redis-py's pool, to look at it and to give it back costs more than all the rest of a call.
So a few stay outside while nobody calls. A caller has one to itself as long as its call lasts; there are as
many as ever were needed at once, not one a thread. How they are made, and where to, stays the pool's.
"""

from __future__ import annotations

import os
import select
import threading
import weakref
from typing import Any

from redis import ConnectionPool

from backend.broker.server import siblings
from backend.locks.fork_locks import own_lock

#: Most that stay outside of one pool, and their share of it: what else needs the pool must find room.
_MOST = 16
_SHARE = 4


class KeptConnection:
    """One connection that is open, and what tells without a word to the server that it still is."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self._process = os.getpid()
        self._given_up = siblings.given_up()
        self._socket = connection._sock  # noqa: SLF001 - no public name in all releases that we take
        self._incoming = select.poll()
        self._incoming.register(self._socket, select.POLLIN)

    def is_usable(self) -> bool:
        """Whether it may take a call: what it was told of since, or has to say unasked, is its end.

        A server that closed it would swallow the call, and nobody could tell its caller any more that
        nothing was done. One made before a fork is the parent's.
        """
        return (
            self._process == os.getpid()
            and self._given_up == siblings.given_up()
            and self.connection._sock is self._socket  # noqa: SLF001
            and not self._incoming.poll(0)
        )


class KeptConnections:
    """Those of one pool. Safe for several threads: each end of a list is taken or added in one step."""

    def __init__(self, pool: ConnectionPool) -> None:
        # Whoever calls has the pool; a reference from here would keep it for ever.
        self._pool: weakref.ref[Any] = weakref.ref(pool)
        self._most = min(_MOST, pool.max_connections // _SHARE)
        self._kept: list[KeptConnection] = []

    def take(self) -> KeptConnection:
        """One for a single call; raises redis-py's errors where none can be opened."""
        while self._kept:
            try:
                kept = self._kept.pop()
            except IndexError:
                break
            if kept.is_usable():
                return kept
            self.give_up(kept)
        return KeptConnection(self._of_pool().get_connection())

    def give_back(self, kept: KeptConnection) -> None:
        """After a call that was answered."""
        if len(self._kept) < self._most:
            self._kept.append(kept)
        else:
            self._of_pool().release(kept.connection)

    def give_up(self, kept: KeptConnection) -> None:
        """After a call whose answer did not come, or may still come."""
        kept.connection.disconnect()
        self._of_pool().release(kept.connection)

    def _of_pool(self) -> Any:
        return self._pool()


class _OfPools:
    """What is kept of each pool of this process."""

    def __init__(self) -> None:
        self._by_pool: weakref.WeakKeyDictionary[ConnectionPool, KeptConnections] = (
            weakref.WeakKeyDictionary()
        )
        own_lock(self)

    def renew_lock(self) -> None:
        """In a fork, where the thread that held it may be missing."""
        self._lock = threading.Lock()

    def of(self, pool: ConnectionPool) -> KeptConnections:
        """Those of this pool; the same for all who ask."""
        with self._lock:
            if pool not in self._by_pool:
                self._by_pool[pool] = KeptConnections(pool)
            return self._by_pool[pool]


_OF_POOLS = _OfPools()
kept_connections = _OF_POOLS.of
