"""How many connections one address has, and what it is told when it has too many."""

from __future__ import annotations

import json
import socket
import time
from collections import Counter
from typing import Any

import structlog

from backend.api.http.api_errors import TooManyConnections
from backend.api.http.problem import MEDIA_TYPE, title_of

log = structlog.get_logger("tally.api")

_TELL_EVERY_SECONDS = 60.0


class Crowding:
    """Counts connections by address. ``most`` is how many one may have."""

    def __init__(self, most: int, root_path: str = "") -> None:
        self.most = most
        self._root_path = root_path
        self._of_address: Counter[str] = Counter()
        self._told_at = float("-inf")
        self._refused = 0

    def has_room(self, address: str) -> bool:
        """Whether an address may have one more; those of a socket file have no address."""
        return not address or self._of_address[address] < self.most

    def enter(self, address: str) -> None:
        """One more."""
        self._of_address[address] += 1

    def leave(self, address: str) -> None:
        """One less."""
        self._of_address[address] -= 1
        if not self._of_address[address]:
            del self._of_address[address]

    def refuse(self, sock: Any, address: str) -> None:
        """Answers 503 before anything is read, and tells the log once a minute."""
        self._refused += 1
        self._tell(address)
        try:
            sock.setblocking(False)
            sock.send(_refusal(self.most, self._root_path), socket.MSG_DONTWAIT)
        except OSError:
            return

    def _tell(self, address: str) -> None:
        now = time.monotonic()
        if now - self._told_at < _TELL_EVERY_SECONDS:
            return
        log.warning(
            "api.too_many_connections",
            address=address,
            most=self.most,
            refused=self._refused,
            setting="api.connections_per_address",
        )
        self._told_at, self._refused = now, 0


def _refusal(most: int, root_path: str) -> bytes:
    body = json.dumps(
        {
            "type": f"{root_path}/api/problems/{TooManyConnections.code}",
            "title": title_of(TooManyConnections),
            "status": 503,
            "detail": f"your address has {most} connections open already; close some. If it is a proxy's, "
            "set api.trusted_proxies or raise api.connections_per_address",
            "code": TooManyConnections.code,
        }
    ).encode()
    head = (
        f"HTTP/1.1 503 Service Unavailable\r\nContent-Type: {MEDIA_TYPE}\r\nContent-Length: {len(body)}\r\n"
        "Retry-After: 2\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
