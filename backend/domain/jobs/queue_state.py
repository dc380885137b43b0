"""A queue and a worker process as they stand at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from backend.domain.jobs.job_state import JobState


@dataclass(frozen=True, slots=True)
class QueueState:
    """Where the jobs of one queue are. ``counts`` of final states count since the store began."""

    name: str
    counts: Mapping[JobState, int]
    accepted: int
    #: Of the queued: how many wait behind a limit or the pause of their type.
    parked: int
    oldest_enqueued_at: datetime | None
    paused: bool
    #: Of the failed, since the store began: those that kept killing their process.
    poisoned: int = 0
    #: Of the queued: how many stand in the lines of a fair queue.
    lined: int = 0

    @property
    def listed(self) -> int:
        """Of the queued: how many wait in the queue's own list, neither aside nor in a line."""
        return self.counts[JobState.QUEUED] - self.parked - self.lined

    @property
    def difference(self) -> int:
        """What the books are out by: 0 when every accepted job is in exactly one state."""
        return self.accepted - sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class WorkerState:
    """A worker process. ``state``: idle, busy, or lost when its record has run out."""

    name: str
    lane: str
    queues: tuple[str, ...]
    host: str
    pid: int
    state: str
    stopping: bool
    slots: int
    busy_slots: int
    current_job: str
    finished: int
    failed: int
    rss_bytes: int
    version: str
    born_at: datetime | None
    last_heartbeat: datetime | None
