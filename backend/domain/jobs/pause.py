"""A pause: what may not start, who said so, since when, why, and how much waits behind it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.queue_name import lane_of
from backend.domain.jobs.queue_state import QueueState

#: What `rq suspend` holds.
ALL = "all"


@dataclass(frozen=True, slots=True)
class Pause:
    """``queue:<name>``, ``lane:<name>``, ``type:<name>``, or ``all``, which RQ suspended."""

    what: str
    #: Who paused it, and why; empty when nobody wrote it down.
    by: str = ""
    reason: str = ""
    since: datetime | None = None
    #: Jobs that stepped aside for it; only those of a job type do.
    parked: int = 0

    @property
    def kind(self) -> str:
        """``queue``, ``lane``, ``type`` or ``all``."""
        return self.what.partition(":")[0]

    @property
    def name(self) -> str:
        """The name of the queue, lane or type; empty for ``all``."""
        return self.what.partition(":")[2]

    @property
    def words(self) -> str:
        """What is paused, in words."""
        kinds = {"queue": "the queue", "lane": "the lane", "type": "the job type"}
        return f"{kinds[self.kind]} {self.name}" if self.kind in kinds else "everything"

    def holds(self, queue: str) -> bool:
        """Whether nothing of a queue may start because of it."""
        return (
            self.kind == ALL
            or (self.kind == "queue" and self.name == queue)
            or (self.kind == "lane" and self.name == lane_of(queue))
        )

    def waiting(self, queues: Iterable[QueueState]) -> int:
        """Jobs that wait behind it; of a type those that a worker has come upon."""
        held = (queue for queue in queues if self.holds(queue.name))
        return self.parked + sum(queue.counts[JobState.QUEUED] for queue in held)
