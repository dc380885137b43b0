"""Where sessions are kept, so that every web process knows them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from backend.locks.fork_locks import own_lock

_MOST = 10_000


class SessionStore(Protocol):
    """Keeps texts for some seconds. Every method raises QueueUnavailable."""

    def keep(self, name: str, text: str, seconds: float) -> None:
        """Keeps a text from now on for so long."""

    def prolong(self, name: str, text: str, seconds: float) -> bool:
        """The same of one that is still kept; False when it is not."""

    def find(self, name: str) -> str | None:
        """The text, if it is still kept."""

    def drop(self, name: str) -> None:
        """Forgets it."""


class MemorySessions:
    """Keeps them in this process: for one web process alone, and for tests."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._kept: dict[str, tuple[str, float]] = {}
        own_lock(self)

    def renew_lock(self) -> None:
        """In a fork, where the thread that held it may be missing."""
        self._lock = threading.Lock()

    def keep(self, name: str, text: str, seconds: float) -> None:
        """Keeps a text from now on for so long."""
        now = self._monotonic()
        with self._lock:
            if len(self._kept) >= _MOST:
                self._kept = {key: kept for key, kept in self._kept.items() if kept[1] > now}
            self._kept[name] = (text, now + seconds)

    def prolong(self, name: str, text: str, seconds: float) -> bool:
        """The same of one that is still kept; False when it is not."""
        is_kept = self.find(name) is not None
        if is_kept:
            self.keep(name, text, seconds)
        return is_kept

    def find(self, name: str) -> str | None:
        """The text, if it is still kept."""
        text, until = self._kept.get(name, ("", 0.0))
        return text if until > self._monotonic() else None

    def drop(self, name: str) -> None:
        """Forgets it."""
        self._kept.pop(name, None)
