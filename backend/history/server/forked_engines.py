"""Pools of connections to Postgres, in processes that were forked from the one that made them.

A web server that reads its application first and forks then gives each of its processes the connections
that were opened meanwhile. Two that speak over the same one read each other's answers, and the rollback of
one undoes what the other has written.
"""

from __future__ import annotations

import os
import weakref

from sqlalchemy import Engine

_engines: weakref.WeakSet[Engine] = weakref.WeakSet()


def leave_to_parent(engine: Engine) -> None:
    """Lets forks open connections of their own; those that are open stay their parent's."""
    _engines.add(engine)


def _begin_anew() -> None:
    """Also with another lock: some thread of the parent may have held that of the pool."""
    for engine in list(_engines):
        # To close one would say goodbye to the server in the parent's name.
        engine.dispose(close=False)


os.register_at_fork(after_in_child=_begin_anew)
