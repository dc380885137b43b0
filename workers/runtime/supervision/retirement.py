"""When a worker process shall take no more jobs, though nobody asked it to stop: it is replaced."""

from __future__ import annotations

import math
from typing import NamedTuple, Self

_MEGABYTE = 1024 * 1024
#: By how much of its limit in memory a process may grow in any case.
_ROOM = 0.2
#: One that has taken jobs for less when its memory is full does little but start.
SOON_SECONDS = 10.0


class RetirementLimits(NamedTuple):
    """How much one process may do and hold; 0: any amount."""

    jobs: int = 0
    memory_mb: int = 0

    def above(self, rss_bytes: int) -> Self:
        """For a process that holds so many bytes before its first job: its growth is judged.

        Replaced for what it cannot do without, it would be followed by another as large, again and again.
        """
        if not self.memory_mb:
            return self
        least_mb = math.ceil(rss_bytes / _MEGABYTE + self.memory_mb * _ROOM)
        return self._replace(memory_mb=max(self.memory_mb, least_mb))


class Condition(NamedTuple):
    """What a process is like now."""

    jobs_done: int
    rss_bytes: int
    #: Whether a job whose lease was lost does not end: its slot is lost too.
    has_forsaken_slot: bool
    #: Whether somebody asked for a fresh process.
    is_asked: bool
    #: Whether as many others leave as there should be: to have done its jobs is no reason then.
    is_put_off: bool = False


def reason_to_retire(limits: RetirementLimits, now: Condition) -> str:
    """One word, empty for none: ``asked``, ``jobs``, ``memory``, ``hung``."""
    if now.is_asked:
        return "asked"
    if limits.jobs and now.jobs_done >= limits.jobs and not now.is_put_off:
        return "jobs"
    if limits.memory_mb and now.rss_bytes > limits.memory_mb * _MEGABYTE:
        return "memory"
    return "hung" if now.has_forsaken_slot else ""
