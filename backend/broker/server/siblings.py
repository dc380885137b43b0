"""All pools of connections of this process, so that what one connection learns helps the others.

After a fail-over by name the old server often stays up as a replica. Its connections are as healthy as
ever and refuse every write: only a new connection, with the name looked up again, leads to the primary.
"""

from __future__ import annotations

import os
import threading
import weakref

from redis import ConnectionPool

_lock = threading.Lock()
_pools: weakref.WeakSet[ConnectionPool] = weakref.WeakSet()
_given_up = 0


def join(pool: ConnectionPool) -> None:
    """This pool is told when another of its process was led to the wrong server."""
    with _lock:
        _pools.add(pool)


def given_up() -> int:
    """How often they all were: who keeps a connection outside of its pool compares this with before."""
    return _given_up


def give_up() -> None:
    """Closes every idle connection. One in use is closed by whoever reads its refusal."""
    global _given_up  # noqa: PLW0603 - one number for the process, as the pools are
    with _lock:
        _given_up += 1
        pools = list(_pools)
    for pool in pools:
        pool.disconnect(inuse_connections=False)


def _renew_lock() -> None:
    """In a fork, where the thread that held it may be missing."""
    global _lock  # noqa: PLW0603 - one for the process, as the pools are
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_renew_lock)
