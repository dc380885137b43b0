"""What a thread holds when another forks this process stays held in the fork, by nobody.

A web server that reads its application first and forks then may do so in the middle of a first call, and
whoever asks for such a lock in the fork waits for ever.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

__all__ = ["OwnsLock", "cached_property", "own_lock"]


class OwnsLock(Protocol):
    """What has a lock of its own for as long as it lives."""

    def renew_lock(self) -> None:
        """Makes it, and in a fork another."""


_owners: weakref.WeakSet[OwnsLock] = weakref.WeakSet()


def own_lock(owner: OwnsLock) -> None:
    """Makes its lock, now and in each process that is forked from this one."""
    owner.renew_lock()
    _owners.add(owner)


def _renew_all() -> None:
    for owner in list(_owners):
        owner.renew_lock()


os.register_at_fork(after_in_child=_renew_all)


if TYPE_CHECKING:
    from functools import cached_property
else:

    class cached_property:  # noqa: N801 - read and used as that of Python
        """That of `functools` without a lock, as it is since Python 3.12; up to then each class has one.

        Two threads that ask at once may both make it; all get what is kept, which is the first.
        """

        def __init__(self, make: Callable[[Any], Any]) -> None:
            self._make = make
            self.__doc__ = make.__doc__

        def __set_name__(self, owner: type, name: str) -> None:
            self._name = name

        def __get__(self, instance: Any, owner: type | None = None) -> Any:
            if instance is None:
                return self
            return vars(instance).setdefault(self._name, self._make(instance))
