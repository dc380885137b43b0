"""Whether processes that somebody else started have ended."""

from __future__ import annotations

from collections.abc import Iterable

import psutil


def are_gone(processes: Iterable[psutil.Process]) -> bool:
    """Whether none of them runs any more; who has ended and was not asked for yet does not run."""
    return not any(map(_runs, processes))


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        # It ended between the two questions.
        return False
