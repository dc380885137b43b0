"""Waits for what must become true; the only place in the tests that sleeps."""

from __future__ import annotations

import time
from collections.abc import Callable


def eventually(
    condition: Callable[[], object], timeout: float = 10, show: Callable[[], object] | None = None
) -> None:
    """Returns when ``condition`` holds; fails after ``timeout`` seconds, with what ``show`` says."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout:g} s: {show() if show else condition}")
        time.sleep(0.01)
