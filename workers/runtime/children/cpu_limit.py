"""How much CPU time an isolated job may use: each for itself, though many run in one process."""

from __future__ import annotations

import math
import resource
import time


class CpuLimit:
    """The kernel counts for the whole process, so its limit is moved on from job to job.

    A job that lets the signal at its own limit pass is killed at that of the process, which no job may
    raise. None begins so late that it would come to that one first.
    """

    def __init__(self, seconds: int) -> None:
        """``seconds`` of CPU time for each job; 0: any amount."""
        self._seconds = seconds
        soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
        if seconds:
            wanted = _used_seconds() + 2 * seconds
            soft = hard = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        #: While no job runs.
        self._idle = (soft, hard)
        resource.setrlimit(resource.RLIMIT_CPU, self._idle)

    def begin(self) -> None:
        """A job begins."""
        if self._seconds:
            hard = self._idle[1]
            soft = min(_used_seconds() + self._seconds, hard)
            resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))

    def end(self) -> str:
        """It has ended; says why no other may begin in this process, '' if it may."""
        try:
            resource.setrlimit(resource.RLIMIT_CPU, self._idle)
        except (OSError, ValueError):
            return "its limit of CPU time"
        is_used_up = self._seconds and _used_seconds() > self._idle[1] - self._seconds
        return "too little CPU time for another job" if is_used_up else ""


def _used_seconds() -> int:
    return math.ceil(time.process_time())
