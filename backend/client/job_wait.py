"""Waits for a job's end by asking again and again, each time for an answer that is held back."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

#: Seconds that one request asks the server to hold its answer back.
_HOLD = 20.0
#: Seconds in which comes what was not held back: the server has no room for one more who waits, the job is
#: not in Redis yet, or Redis is away.
_AT_ONCE = 0.5
#: Seconds to wait here instead, doubled each time.
_PAUSE, _LONGEST_PAUSE = 0.2, 2.0
_FINAL = frozenset({"finished", "failed", "canceled"})


class JobWait:
    """How a client waits: by whose clock, and how it sleeps meanwhile."""

    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._monotonic = monotonic
        self._sleep = sleep

    def until_final(
        self, ask: Callable[[int, float], dict[str, Any]], timeout: float
    ) -> dict[str, Any]:
        """The job once it has ended, or as it stands after ``timeout`` seconds.

        ``ask`` asks for it once, and is told how many seconds the answer may be held back, and how many
        are left. Raises `ValueError` for what is not a number: no wait would be over by it.
        """
        if math.isnan(timeout):
            raise ValueError(f"timeout must be a number of seconds, not {timeout}")
        end, pause_seconds = self._monotonic() + timeout, _PAUSE
        while True:
            asked_at = self._monotonic()
            left = max(0.0, end - asked_at)
            job = ask(max(1, int(min(left, _HOLD))), left)
            now = self._monotonic()
            if is_final(job) or now >= end:
                return job
            if now - asked_at >= _AT_ONCE:
                pause_seconds = _PAUSE
                continue
            self._sleep(min(pause_seconds, end - now))
            pause_seconds = min(2 * pause_seconds, _LONGEST_PAUSE)


def is_final(job: Mapping[str, Any]) -> bool:
    """Whether it has ended."""
    return job["state"] in _FINAL
