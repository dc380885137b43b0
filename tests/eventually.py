"""Waits for what must become true; the only place in the tests that sleeps."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

HeldT = TypeVar("HeldT")
#: A limit is for a quiet machine, and bounds what hangs: none may decide on one that is busy.
_BUSY = 6


def eventually(
    condition: Callable[[], HeldT], timeout: float = 10, show: Callable[[], object] | None = None
) -> HeldT:
    """What ``condition`` says once it holds; fails long after ``timeout`` s with what ``show`` says."""
    began, deadline = time.monotonic(), time.monotonic() + _BUSY * timeout
    while not (held := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(
                f"not within {_BUSY * timeout:g} s: {show() if show else condition}"
            )
        # What takes long is looked at less often: a look may cost more than what is waited for.
        time.sleep(min(0.05, 0.01 + (time.monotonic() - began) / 50))
    return held
