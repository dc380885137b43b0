"""What work costs, counted in calls: it is the same on a busy machine as on a quiet one."""

from __future__ import annotations

import gc
import sys
from collections import Counter
from collections.abc import Callable
from types import FrameType
from typing import Any

from workers.runtime import interrupts


def calls_of(work: Callable[[], object]) -> int:
    """How many functions, of Python and of C, are called while ``work`` runs in this thread."""
    return calls_by_kind(work).total()


def calls_by_kind(work: Callable[[], object]) -> Counter[str]:
    """How many of Python (``call``), and how many of C (``c_call``).

    A look for garbage meanwhile would call those of whoever watches such looks, and of what it finds.
    """
    calls: Counter[str] = Counter()

    def note(_frame: FrameType, event: str, _arg: Any) -> None:
        if event in {"call", "c_call"}:
            calls[event] += 1

    # One that an earlier test's thread never took would have Python 3.11 look for it without end.
    interrupts.call_off()
    before, looks = sys.getprofile(), gc.isenabled()
    gc.disable()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
        if looks:
            gc.enable()
    return calls
