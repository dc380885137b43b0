"""What waits until a caller's SQLAlchemy connection commits, where it has no session around it."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, event

from backend.locks.fork_locks import own_lock

T = TypeVar("T")
#: Those savepoints that were begun before anything waited: of how many, nobody has heard.
_EARLIER = 0


class _Waiting(NamedTuple, Generic[T]):
    item: T
    #: The savepoints that it was said in: it goes with the first that is undone.
    within: set[int]


class _OfConnection(Generic[T]):
    """What waits for one, and the savepoints that are open on it, the outermost first."""

    def __init__(self, savepoints: list[int]) -> None:
        self.savepoints = savepoints
        self.waiting: list[_Waiting[T]] = []

    def close_innermost(self) -> int:
        """It has ended; which one that was. Their names are told when they end, but not when they begin."""
        if self.savepoints and self.savepoints[-1] != _EARLIER:
            return self.savepoints.pop()
        return _EARLIER


class UntilConnectionCommit(Generic[T]):
    """Keeps things by connection, and no connection alive for it.

    SQLAlchemy tells of a commit just before it: one that fails is taken for one that did not.
    """

    def __init__(self, done: Callable[[list[T]], object]) -> None:
        """``done`` is given what waited, in order, at each commit that lets something through."""
        self._done = done
        own_lock(self)
        self._numbers = itertools.count(_EARLIER + 1)
        self._by_connection: WeakKeyDictionary[Connection, _OfConnection[T]] = WeakKeyDictionary()

    def renew_lock(self) -> None:
        """In a fork, where the thread that held it may be missing."""
        self._lock = threading.Lock()

    def add(self, connection: Connection, item: T) -> None:
        """Keeps it until the transaction, or the savepoint, in which ``connection`` is has ended."""
        of = self._of(connection)
        of.waiting.append(_Waiting(item, set(of.savepoints)))

    def all(self) -> list[T]:
        """What waits, of all connections."""
        with self._lock:
            known = list(self._by_connection.values())
        return [each.item for of in known for each in list(of.waiting)]

    def _of(self, connection: Connection) -> _OfConnection[T]:
        with self._lock:
            known = self._by_connection.get(connection)
            if known is not None:
                return known
            earlier = [_EARLIER] if connection.in_nested_transaction() else []
            of = self._by_connection[connection] = _OfConnection(earlier)
        event.listen(connection, "commit", self._committed)
        event.listen(connection, "rollback", self._rolled_back)
        event.listen(connection, "savepoint", self._began)
        event.listen(connection, "release_savepoint", self._released)
        event.listen(connection, "rollback_savepoint", self._undone)
        return of

    def _committed(self, connection: Connection) -> None:
        items = [each.item for each in self._by_connection[connection].waiting]
        self._rolled_back(connection)
        if items:
            self._done(items)

    def _rolled_back(self, connection: Connection) -> None:
        of = self._by_connection[connection]
        of.waiting.clear()
        of.savepoints.clear()

    def _began(self, connection: Connection, _name: str | None) -> None:
        self._by_connection[connection].savepoints.append(next(self._numbers))

    def _released(self, connection: Connection, _name: str, _context: Any) -> None:
        # What was said in it goes on with what is around it: it cannot be undone alone any more.
        self._by_connection[connection].close_innermost()

    def _undone(self, connection: Connection, _name: str, _context: Any) -> None:
        of = self._by_connection[connection]
        undone = of.close_innermost()
        of.waiting[:] = [each for each in of.waiting if undone not in each.within]
