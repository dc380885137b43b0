"""Cuts a connection whose server says nothing for longer than any statement on it may take.

A server that is frozen, or whose disk is, ends no statement of its own accord, and its kernel goes on
acknowledging what it gets: neither its `statement_timeout` nor keepalives ever end the wait for it.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import psycopg2

if TYPE_CHECKING:
    from backend.history.server.watched_connection import WatchedConnection

_LOOK_SECONDS = 0.25
#: The one who looks ends when nobody has waited for so long; who waits next starts another.
_IDLE_SECONDS = 30.0


class Silence:
    """Who waits for a server, and until when."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[int, tuple[float, WatchedConnection]] = {}
        self._is_watched = False

    @contextmanager
    def waiting(self, connection: WatchedConnection, seconds: float) -> Iterator[None]:
        """For the time of one call to the server."""
        with self._lock:
            self._waiting[id(connection)] = time.monotonic() + seconds, connection
            if not self._is_watched:
                self._is_watched = True
                threading.Thread(target=self._watch, name="postgres-silence", daemon=True).start()
        try:
            yield
        finally:
            with self._lock:
                self._waiting.pop(id(connection), None)

    def _cut_overdue(self) -> None:
        """Ends each wait that is too long, by an error where it waits."""
        with self._lock:
            now = time.monotonic()
            for end, connection in self._waiting.values():
                if now > end:
                    _cut(connection)

    def _watch(self) -> None:
        try:
            self._watch_until_idle()
        except BaseException:
            with self._lock:
                # Else nobody would ever look again; who waits next starts another.
                self._is_watched = False
            raise

    def _watch_until_idle(self) -> None:
        idle_since = time.monotonic()
        while True:
            time.sleep(_LOOK_SECONDS)
            self._cut_overdue()
            with self._lock:
                if self._waiting:
                    idle_since = time.monotonic()
                elif time.monotonic() - idle_since > _IDLE_SECONDS:
                    self._is_watched = False
                    return


def _cut(connection: WatchedConnection) -> None:
    """Whoever reads from it reads its end. The descriptor stays its own.

    One that its driver has just closed has none any more, and says so by an error.
    """
    connection.was_silent = True
    with (
        suppress(OSError, psycopg2.Error),
        socket.socket(fileno=os.dup(connection.fileno())) as shared,
    ):
        shared.shutdown(socket.SHUT_RDWR)


SILENCE = Silence()
# A fork has no such thread, and may have been made while the lock was held.
os.register_at_fork(after_in_child=SILENCE.__init__)  # type: ignore[misc]
