"""The processes below a process that runs isolated jobs: what a job left running."""

from __future__ import annotations

import os
import sys
from collections.abc import Set
from contextlib import suppress

import psutil

_PATIENCE_SECONDS = 1.0


def descendants() -> frozenset[psutil.Process]:
    """The children of this process, and theirs."""
    return frozenset() if _has_none() else frozenset(psutil.Process().children(recursive=True))


def end_descendants(but: Set[psutil.Process] = frozenset()) -> bool:
    """Kills the children of this process, and theirs that have become ours; whether any still ran.

    Those that it shall leave are left with all that is below them: a browser has a process for each page.
    """
    if _has_none():
        return False
    _join_ended_ones()
    running = False
    for left in _below_without(but):
        running |= _end(left)
    return running


def _below_without(left_alone: Set[psutil.Process]) -> list[psutil.Process]:
    """In the order that psutil has: nobody stands before his parent."""
    found: list[psutil.Process] = []
    passed_over: set[int] = set()
    for process in psutil.Process().children(recursive=True):
        if process in left_alone or _parent_of(process) in passed_over:
            passed_over.add(process.pid)
        else:
            found.append(process)
    return found


def _parent_of(process: psutil.Process) -> int:
    """0 when it has ended meanwhile."""
    try:
        return int(process.ppid())
    except psutil.Error:
        return 0


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
