"""Jobs that ended and whose callers asked to be told, and where they are noted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from backend.domain.jobs.attempts.outcome import AttemptError
from backend.domain.jobs.job import NewJob
from backend.domain.jobs.options.job_labels import NO_LABELS, JobLabels


@dataclass(frozen=True, slots=True)
class EndedJob:
    """One final state of one job. ``version`` tells it from others that the job may come to."""

    job_id: str
    version: int
    job_type: str
    queue: str
    state: str
    ended_at: datetime
    attempt: int = 0
    #: The result as JSON text; empty for None.
    result: str = ""
    error: AttemptError | None = None
    #: Why somebody ended it: the reason of a cancellation or resolution.
    reason: str = ""
    labels: JobLabels = NO_LABELS


#: The webhook job that tells of an end, or why there can be none.
Decision = NewJob | str


class CallbackStore(Protocol):
    """Final states that are on record and were not told of yet. Raises HistoryUnavailable."""

    def decide(self, most: int, decision: Callable[[EndedJob], Decision]) -> int:
        """Decides on up to ``most`` of them and puts their webhook jobs into the outbox, in one step.

        Each is decided once, however many ask. Returns how many there were.
        """

    def clean(self, age: float, most: int) -> int:
        """Forgets what was decided so many seconds ago; how many."""
