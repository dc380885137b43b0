"""Reading from a socket in a thread that may be told to end meanwhile."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

#: A thread that waits for a socket hears of no stop and of no time limit: it looks up so often.
_LOOKS_UP_SECONDS = 1.0


def received_into(sock: socket.socket, buffer: Any, seconds_left: Callable[[], float]) -> int:
    """How many bytes came, 0 at the end; raises what ``seconds_left`` raises once there are none left."""
    while True:
        sock.settimeout(min(seconds_left(), _LOOKS_UP_SECONDS))
        with suppress(TimeoutError):
            return sock.recv_into(buffer)
