"""What work costs, counted in calls: it is the same on a busy machine as on a quiet one."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


def calls_of(work: Callable[[], object]) -> int:
    """How many functions, of Python and of C, are called while ``work`` runs in this thread.

    A look for garbage meanwhile would call those of whoever watches such looks, and of what it finds.
    """
    calls = 0

    def note(_frame: FrameType, event: str, _arg: Any) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

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
