"""Which event loop: Python's own, or uvloop where it is asked for and installed."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable
from typing import cast

from backend.domain.errors import ConfigurationError


def loop_maker(name: str) -> Callable[[], asyncio.AbstractEventLoop]:
    """What makes the loop called ``asyncio`` or ``uvloop``; raises `ConfigurationError` without uvloop."""
    if name == "asyncio":
        return asyncio.new_event_loop
    try:
        library = importlib.import_module(name)
    except ImportError as error:
        raise ConfigurationError(
            f"worker.event_loop is {name}, which is not installed here ({error}): "
            'pip install "tally-queue[uvloop]", or leave the setting at asyncio'
        ) from error
    return cast("Callable[[], asyncio.AbstractEventLoop]", library.new_event_loop)
