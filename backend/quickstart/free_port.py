"""Finds a port that nobody listens on."""

from __future__ import annotations

import socket


def free_port(wished: int) -> int:
    """``wished``, or any other free port of loopback when it is taken."""
    for port in (wished, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free port on 127.0.0.1")
