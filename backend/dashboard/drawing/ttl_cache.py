"""Answers that may be some seconds old, so that many open pages cost no more than one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from backend.domain.errors import MigrationError, Unavailable
from backend.locks.fork_locks import own_lock

T = TypeVar("T")
_MOST = 500


class Fresh(Generic[T]):
    """Keeps what was made for some seconds; that a store is away is kept as well."""

    def __init__(self, monotonic: Callable[[], float], seconds: float) -> None:
        self._monotonic = monotonic
        self._seconds = seconds
        self._made: dict[object, tuple[float, T | Exception]] = {}
        own_lock(self)

    def renew_lock(self) -> None:
        """In a fork, where the thread that held one may be missing."""
        #: One for each name: who waits for one store does not wait for the other.
        self._locks: dict[object, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, name: object, make: Callable[[], T], seconds: float = 0.0) -> T:
        """What is kept under a name, or what is made now; raises what making raised.

        With ``seconds`` it may be as old as that.
        """
        most = max(seconds, self._seconds)
        at, found = self._made.get(name, (float("-inf"), None))
        if found is None or self._monotonic() - at > most:
            with self._lock_of(name):
                found = self._made_now(name, make, most)
        if isinstance(found, Exception):
            raise found
        return found

    def _lock_of(self, name: object) -> threading.Lock:
        with self._lock:
            if len(self._locks) >= _MOST:
                # Who has just been given one of those that go may make the same twice, no more.
                self._locks = {key: lock for key, lock in self._locks.items() if lock.locked()}
            return self._locks.setdefault(name, threading.Lock())

    def _made_now(self, name: object, make: Callable[[], T], most: float) -> T | Exception:
        at, found = self._made.get(name, (float("-inf"), None))
        if found is not None and self._monotonic() - at <= most:
            return found  # another thread was faster
        try:
            found = make()
        except (Unavailable, MigrationError) as error:
            found = error
        if len(self._made) >= _MOST:
            self._made.clear()
        self._made[name] = (self._monotonic(), found)
        return found
