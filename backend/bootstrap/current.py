"""The platform that this code belongs to: that of the settings, or one that stands in for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import TYPE_CHECKING

from backend.api.config.settings import default_settings
from backend.bootstrap.platform import Platform
from backend.domain.errors import ConfigurationError
from backend.services.calling.queue_parts import QueueParts
from backend.services.queue_service import QueueService

if TYPE_CHECKING:
    from backend.api.config.dev_stores import DevStores
    from backend.services.events.event_service import EventService

_standing_in: ContextVar[Platform | None] = ContextVar("tally_platform", default=None)
#: All that stand in now, for threads that were started without the context of whoever made one. Copied,
#: lengthened and shortened in one step each: it needs no lock, which a fork might find held.
_all_standing_in: list[Platform] = []


@lru_cache(maxsize=1)
def platform_of_settings() -> Platform:
    """The platform of this process's settings."""
    return Platform(default_settings())


@lru_cache(maxsize=1)
def _dev_stores() -> DevStores:
    from backend.api.config.dev_stores import DevStores

    return DevStores(default_settings())


def _own() -> Platform:
    if _dev_stores().have_moved():
        # Nobody closes the one before: another thread may be in the middle of a call.
        for known in (default_settings, platform_of_settings, _dev_stores):
            known.cache_clear()
    return platform_of_settings()


def platform() -> Platform:
    """The platform that stands in here, else that of this process's settings.

    While any stands in, no thread comes upon the real one by mistake: one that was started without a
    context gets the only one there is, and `ConfigurationError` where there are several.
    """
    found = _standing_in.get()
    if found is not None:
        return found
    if not _all_standing_in:
        return _own()
    return _only_one()


def _only_one() -> Platform:
    there = list(_all_standing_in)
    if len(there) > 1:
        raise ConfigurationError(
            f"{len(there)} platforms stand in for the real one in this process, and this thread does not "
            "say which is meant: start it with contextvars.copy_context().run as its target"
        )
    return there[0] if there else platform_of_settings()


@contextmanager
def standing_in(stand_in: Platform) -> Iterator[Platform]:
    """Lets a platform stand in for that of the settings, in this context and what is started from it.

    Raises `ConfigurationError` where one stands in already: which one a line of code meant would
    depend on how deep it is.
    """
    if _standing_in.get() is not None:
        raise ConfigurationError("a platform stands in here already, and they do not nest")
    _standing_in.set(stand_in)
    _all_standing_in.append(stand_in)
    try:
        yield stand_in
    finally:
        _all_standing_in.remove(stand_in)
        # Not by a token: whoever ends it may be in another context, as async fixtures are.
        _standing_in.set(None)
        stand_in.close()


def events() -> EventService:
    """The events of this process's settings. Raises `ConfigurationError` for bad subscriptions."""
    return platform().events


def queue_parts() -> QueueParts:
    """What `QueueService()` stands on at this moment."""
    return platform().queue_parts


@lru_cache(maxsize=1)
def queue() -> QueueService:
    """The queue of this process's settings, the same at each call. Safe for several threads."""
    return QueueService()
