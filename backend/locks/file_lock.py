"""Locks on open files: the kernel ends each with the last process that has the file open.

They hold within one machine, among processes that ask; a disk that knows none of them raises OSError. A pid
can be reused and a pid file can be stale; these survive neither ``kill -9`` nor a reboot. See flock(2).
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO


def lock(file: int | IO[bytes]) -> None:
    """Lock a file for as long as it, or what inherits it, is open; waits for others to let go."""
    fcntl.flock(file, fcntl.LOCK_EX)


def try_lock(file: int | IO[bytes]) -> bool:
    """The same without waiting; False when another has it."""
    return _taken(file, fcntl.LOCK_EX)


def is_locked(path: str | Path, *, folder: int | None = None) -> bool:
    """Whether anybody has a file of this name locked; no when there is none. Links are not followed.

    ``folder``: the descriptor of the folder that the name is in.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        # Shared, so that two who only ask never take each other for the holder.
        return not _taken(file, fcntl.LOCK_SH)
    finally:
        os.close(file)


def _taken(file: int | IO[bytes], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
