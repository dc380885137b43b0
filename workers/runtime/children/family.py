"""Of whose end a process hears, and which process gets the orphans below it. Linux alone can say.

Who adopts has to bury: an ended process that nobody waits for keeps its place in the system's table.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER, _PR_GET_CHILD_SUBREAPER = 1, 36, 37
_turning = threading.Lock()
_adopting = 0
_did_before = False


def tie_to_parent(death_signal: int, parent: int | None = None) -> None:
    """Asks the kernel for a signal when the parent dies.

    A ``parent`` that had died before it was asked would never be told of.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, death_signal)
    if parent is not None and os.getppid() != parent:
        os.kill(os.getpid(), death_signal)


def adopt_orphans(adopts: bool = True) -> None:
    """From here on this process gets those of its descendants, or they go to who is above it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, int(adopts), 0, 0, 0)


@contextmanager
def adopting_orphans() -> Iterator[None]:
    """It gets them for as long as it takes to bury some; any number of threads may do so at once.

    No longer: programs that jobs in its threads start may leave others behind, which nobody here buries.
    """
    global _adopting, _did_before  # noqa: PLW0603 - it is a fact about the process
    with _turning:
        if not _adopting:
            _did_before = _adopts()
            adopt_orphans()
        _adopting += 1
    try:
        yield
    finally:
        with _turning:
            _adopting -= 1
            if not _adopting:
                adopt_orphans(_did_before)


def _adopts() -> bool:
    answer = ctypes.c_int()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_GET_CHILD_SUBREAPER, ctypes.byref(answer), 0, 0, 0)
    return bool(answer.value)
