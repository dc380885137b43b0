"""Ports for what tests start and cannot ask for the port that it took."""

from __future__ import annotations

import os
import socket
from itertools import count

#: Outside of those that the system gives away by itself, to whatever else starts or connects meanwhile.
_ALL, _PIECE = range(12_000, 32_000), 2_500


def _ports() -> range:
    """Of processes that share the tests out among them each has a piece for itself."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if not worker:
        return _ALL
    first = int(worker.removeprefix("gw")) * _PIECE % len(_ALL)
    return _ALL[first : first + _PIECE]


_PORTS = _ports()
#: Others that run tests on this machine begin elsewhere.
_NUMBERS = count(os.getpid() * 101)


def free_port() -> int:
    """A port of this machine that nobody has, and that nobody was given here before."""
    while True:
        port = _PORTS[next(_NUMBERS) % len(_PORTS)]
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
