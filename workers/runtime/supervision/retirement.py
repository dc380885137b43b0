"""When a worker process shall take no more jobs, though nobody asked it to stop: it is replaced."""

from __future__ import annotations

from typing import NamedTuple

_MEGABYTE = 1024 * 1024


class RetirementLimits(NamedTuple):
    """How much one process may do and hold; 0: any amount."""

    jobs: int = 0
    memory_mb: int = 0


class Condition(NamedTuple):
    """What a process is like now."""

    jobs_done: int
    rss_bytes: int
    #: Whether a job whose lease was lost does not end: its slot is lost too.
    has_forsaken_slot: bool
    #: Whether somebody asked for a fresh process.
    is_asked: bool


def reason_to_retire(limits: RetirementLimits, now: Condition) -> str:
    """One word, empty for none: ``asked``, ``jobs``, ``memory``, ``hung``."""
    if now.is_asked:
        return "asked"
    if limits.jobs and now.jobs_done >= limits.jobs:
        return "jobs"
    if limits.memory_mb and now.rss_bytes > limits.memory_mb * _MEGABYTE:
        return "memory"
    return "hung" if now.has_forsaken_slot else ""
