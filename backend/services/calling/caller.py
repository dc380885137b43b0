"""Who acts when a program does."""

from __future__ import annotations

import getpass
import socket
from functools import cache

from backend.domain.access.actor import Actor, ActorKind

#: A name is enough for most programs; an `Actor` says more.
Caller = Actor | str | None


def actor_of(by: Caller) -> Actor:
    """The actor that is meant: by name, or the account and host of this process when nobody is."""
    if by is None:
        return _this_program()
    return Actor(by, source=socket.gethostname()) if isinstance(by, str) else by


@cache
def _this_program() -> Actor:
    try:
        account = getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in containers
        account = "unknown"
    host = socket.gethostname()
    return Actor(f"{account}@{host}", source=host, kind=ActorKind.SYSTEM)
