"""The processes below a process that runs isolated jobs: what a job left running."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

import psutil

_PATIENCE_SECONDS = 1.0


def end_descendants() -> bool:
    """Kills the children of this process, and theirs that have become ours; whether any still ran."""
    if _has_none():
        return False
    _join_ended_ones()
    running = False
    for left in psutil.Process().children(recursive=True):
        running |= _end(left)
    return running


def _has_none() -> bool:
    """One call instead of a look at every process of the machine."""
    if not hasattr(os, "waitid"):
        return False
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return True
    return False


def _join_ended_ones() -> None:
    """Its owner must hear of the end of a process before we take that away from it."""
    multiprocessing = sys.modules.get("multiprocessing")
    if multiprocessing is not None:
        multiprocessing.active_children()


def _end(left: psutil.Process) -> bool:
    """Kills and buries one process; False when it had ended already.

    One that may not be killed, for it is another user's, saves no other.
    """
    with suppress(psutil.Error):
        ran = left.status() != psutil.STATUS_ZOMBIE
        left.kill()
        left.wait(_PATIENCE_SECONDS)
        return bool(ran)
    return True
