"""The queues that the overview lists: those that Redis knows, and those that only history does."""

from __future__ import annotations

from typing import NamedTuple

from backend.dashboard.drawing.trends import Past
from backend.domain.history.history_statistics import QueueStatistics
from backend.domain.jobs.queue_state import QueueState
from backend.services.health.overview_service import Overview


class QueueRow(NamedTuple):
    """One queue; None for the half that its store does not know, or that is away."""

    name: str
    now: QueueState | None
    sums: QueueStatistics | None
    #: Attempts that ended, by stretch of time; empty when none did.
    spark: list[int]


def queue_rows(live: Overview | None, past: Past | None) -> list[QueueRow]:
    """Queues that ever held a job or are paused, the most urgent first, then those of history alone."""
    queues = live.queues if live else []
    now = {each.name: each for each in queues if each.accepted or each.paused}
    sums, sparks = (past.queues, past.sparks) if past else ({}, {})
    names = [*now, *(name for name in sums if name not in now)]
    return [QueueRow(name, now.get(name), sums.get(name), sparks.get(name, [])) for name in names]
