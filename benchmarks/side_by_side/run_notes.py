"""The file in which handlers note their runs; its length is the count (`drivers/jobs/runs.py`)."""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Callable
from pathlib import Path

STAMP = struct.Struct("<qd")
_FIRST = 100_000_000
_LOOK = 0.001
#: Seconds between two looks at who is at work: such a look goes through all processes of the machine, and done each
#: time it kept one of two processors from those that are measured.
_ROLL_CALL = 0.5
_PATIENCE = 120.0


class NothingRuns(Exception):
    """Jobs were waited for, and did not run."""


class RunNotes:
    """Emptied before each measurement."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.touch()

    def empty(self) -> None:
        """Nobody has run yet."""
        os.truncate(self.path, 0)

    def count(self) -> int:
        """Runs of handlers that note one byte."""
        return self.path.stat().st_size

    def stamps(self) -> dict[int, float]:
        """Number of a job: when it began, by the monotonic clock."""
        return {n - _FIRST: at for n, at in STAMP.iter_unpack(self.path.read_bytes())}

    def wait_for(self, size: int, at_work: Callable[[], object] = lambda: True) -> None:
        """Until the file has this many bytes; ``at_work`` is true while somebody could write them."""

        called = time.monotonic()

        def is_there() -> bool:
            nonlocal called
            if self.count() >= size:
                return True
            if time.monotonic() - called > _ROLL_CALL:
                called = time.monotonic()
                if not at_work():
                    raise NothingRuns("its workers have ended")
            return False

        wait_until(is_there)


def wait_until(condition: Callable[[], bool]) -> None:
    """Raises `NothingRuns` when it takes minutes."""
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise NothingRuns(f"not within {_PATIENCE:g} s")
        time.sleep(_LOOK)
