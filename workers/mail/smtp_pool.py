"""Connections kept between mails and lent to one slot at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from workers.mail.smtp_connection import SmtpConnection


class SmtpPool:
    """As many connections as slots ask for at once; each is renewed by age and by use."""

    def __init__(
        self, connect: Callable[[], SmtpConnection], *, idle_seconds: float, mails: int
    ) -> None:
        self._connect = connect
        self._idle_seconds = idle_seconds
        self._mails = mails
        self._idle: list[SmtpConnection] = []
        self._lock = threading.Lock()

    def take(self) -> tuple[SmtpConnection, bool]:
        """A connection, and whether it was used before."""
        oldest = time.monotonic() - self._idle_seconds
        with self._lock:
            stale = [connection for connection in self._idle if connection.idle_since < oldest]
            self._idle = [
                connection for connection in self._idle if connection.idle_since >= oldest
            ]
            kept = self._idle.pop() if self._idle else None
        for connection in stale:
            connection.abort()
        return (kept, True) if kept else (self._connect(), False)

    def give_back(self, connection: SmtpConnection) -> None:
        """Keeps a connection whose dialogue ended well."""
        if connection.mails >= self._mails:
            connection.abort()
            return
        connection.idle_since = time.monotonic()
        with self._lock:
            self._idle.append(connection)

    def close(self) -> None:
        """Ends every kept connection."""
        with self._lock:
            connections, self._idle = self._idle, []
        for connection in connections:
            connection.abort()
