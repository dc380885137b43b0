"""Starts of our processes, made shorter: most of the time goes into reading modules."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def lean_imports() -> Iterator[None]:
    """For entry points of processes, never for what others import: nearly halves the start of a worker.

    Garbage is not looked for meanwhile, for modules leave next to none, and what they made is not looked
    through again later. structlog is read without rich, which it takes where it can, for tracebacks that
    `backend.telemetry.logs.set_up` never prints.
    """
    gc.disable()
    _read_structlog()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _read_structlog() -> None:
    modules: dict[str, Any] = sys.modules
    if "rich" in modules:
        return
    # What is None there cannot be imported, and whoever asks hears so.
    modules["rich"] = None
    try:
        import structlog  # noqa: F401
    finally:
        del modules["rich"]
