"""Ports for what tests start and cannot ask for the port that it took."""

from __future__ import annotations

import os
import socket
from itertools import count

#: Outside of those that the system gives away by itself, to whatever else starts or connects meanwhile.
_FIRST, _LAST = 12_000, 32_000
#: Processes that run tests side by side begin far from each other.
_NUMBERS = count(os.getpid() * 101)


def free_port() -> int:
    """A port of this machine that nobody has, and that nobody was given here before."""
    while True:
        port = _FIRST + next(_NUMBERS) % (_LAST - _FIRST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
