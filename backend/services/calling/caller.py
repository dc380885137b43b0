"""Who acts when a program does."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from backend.domain.access.actor import Actor, ActorKind

#: A name is enough for most programs; an `Actor` says more.
Caller = Actor | str | None


_person: Actor | None = None


@contextmanager
def speaking_for(person: Actor) -> Iterator[None]:
    """Who is not named is this person meanwhile, in all threads: a prompt does what is typed."""
    global _person  # noqa: PLW0603 - a process has one prompt
    _person = person
    try:
        yield
    finally:
        _person = None


def actor_of(by: Caller) -> Actor:
    """The actor that is meant: by name, or the account and host of this process when nobody is."""
    if by is None:
        return _person or _this_program()
    return Actor(by, source=socket.gethostname()) if isinstance(by, str) else by


@cache
def _this_program() -> Actor:
    try:
        account = getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in containers
        account = "unknown"
    host = socket.gethostname()
    return Actor(f"{account}@{host}", source=host, kind=ActorKind.SYSTEM)
