"""Connections that have had their last answer: closed when the other side has read it, or soon after.

Closing at once would reset a connection whose request is not read, and take the answer with it. Waiting
for the other side, as gunicorn does, stops the loop that serves everybody.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

_LINGER_SECONDS = 2.0
_MOST = 200
_READ_AT_ONCE = 64 * 1024


class LeavingConnections:
    """Sockets that are half closed, each with what closes it."""

    def __init__(self) -> None:
        self._leaving: list[tuple[float, Any, Callable[[], None]]] = []

    def __bool__(self) -> bool:
        return bool(self._leaving)

    def add(self, sock: Any, close: Callable[[], None]) -> None:
        """Ends our side; ``close`` is called when the other has ended too."""
        try:
            sock.setblocking(False)
            sock.shutdown(socket.SHUT_WR)
        except OSError:
            close()
            return
        if len(self._leaving) >= _MOST:
            self._leaving.pop(0)[2]()
        self._leaving.append((time.monotonic() + _LINGER_SECONDS, sock, close))

    def look(self) -> None:
        """Closes those whose other side has ended, or was waited for long enough."""
        now, kept = time.monotonic(), []
        for deadline, sock, close in self._leaving:
            if now > deadline or _has_ended(sock):
                close()
            else:
                kept.append((deadline, sock, close))
        self._leaving = kept

    def close(self) -> None:
        """All of them, now."""
        for _, _, close in self._leaving:
            close()
        self._leaving.clear()


def _has_ended(sock: Any) -> bool:
    try:
        return not sock.recv(_READ_AT_ONCE)
    except BlockingIOError:
        return False
    except OSError:
        return True
