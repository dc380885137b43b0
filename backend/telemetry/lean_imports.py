"""Starts of our processes, made shorter: most of the time goes into reading modules."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def lean_imports(*, reads_structlog: bool = True) -> Iterator[None]:
    """For entry points of processes, never for what others import: nearly halves the start of a worker.

    Garbage is not looked for meanwhile, for modules leave next to none, and what they made is not looked
    through again later. structlog is read without what it takes where it can: rich, for tracebacks that
    `backend.telemetry.logs.set_up` never prints, and greenlet, for a way to bind that we do not use.
    """
    gc.disable()
    if reads_structlog:
        _read_structlog()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _read_structlog() -> None:
    modules: dict[str, Any] = sys.modules
    needless = [name for name in ("rich", "greenlet") if name not in modules]
    # What is None there cannot be imported, and whoever asks hears so.
    modules.update(dict.fromkeys(needless))
    try:
        import structlog  # noqa: F401
    finally:
        for name in needless:
            del modules[name]
