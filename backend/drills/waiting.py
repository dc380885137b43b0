"""Waiting for what a drill does not control, with an end only for hangs."""

from __future__ import annotations

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], bool], most_seconds: float) -> bool:
    """Asks again and again until ``condition`` holds; False after ``most_seconds``."""
    deadline = time.monotonic() + most_seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def wait_while_it_grows(number: Callable[[], int], goal: int, patience_seconds: float) -> bool:
    """Until ``number`` has reached ``goal``; False once it has stood still for ``patience_seconds``.

    A busy machine makes a drill slow, and only what stands still is stuck.
    """
    most, since = number(), time.monotonic()
    while most < goal:
        if time.monotonic() - since > patience_seconds:
            return False
        time.sleep(0.05)
        now = number()
        if now > most:
            most, since = now, time.monotonic()
    return True
