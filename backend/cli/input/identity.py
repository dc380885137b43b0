"""Who acts at this shell."""

from __future__ import annotations

import getpass
import socket

from backend.domain.access.actor import Actor, Channel
from backend.domain.access.role import Role


def who() -> Actor:
    """The account and host, as history and the audit log name them."""
    try:
        account = getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in containers
        account = "unknown"
    host = socket.gethostname()
    return Actor(f"{account}@{host}", Role.ADMIN, host, channel=Channel.CLI)
