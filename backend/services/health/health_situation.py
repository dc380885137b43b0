"""What signs are read from, and what a sign is. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from backend.domain.errors import Unavailable
from backend.domain.history.history_ports import StreamLag
from backend.domain.history.history_statistics import AttemptCounts, TypeStatistics
from backend.domain.jobs.job import JobView
from backend.domain.jobs.options.breaker_state import BreakerState
from backend.domain.jobs.options.quota import QuotaState
from backend.domain.jobs.pause import Pause
from backend.domain.jobs.queue_state import QueueState, WorkerState
from backend.domain.schedules.freeze import FrozenWindow
from backend.domain.schedules.schedule_view import ScheduleView


class Severity(StrEnum):
    """How much it matters."""

    WARNING = "warning"
    CRITICAL = "critical"


class Sign(NamedTuple):
    """One thing that is not as it should be. ``code`` is stable."""

    code: str
    severity: Severity
    text: str
    #: What it is about: a queue, a job, a worker, a schedule, a pause, a tenant; empty for all.
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """How it is and how it was; what nobody can tell is None."""

    now: datetime
    queues: Sequence[QueueState] = ()
    pauses: Sequence[Pause] = ()
    #: Windows of freezes that workers know.
    frozen: Sequence[FrozenWindow] = ()
    workers: Sequence[WorkerState] = ()
    running: Sequence[JobView] = ()
    #: Of the last hour; None: the record cannot be read.
    attempts: AttemptCounts | None = None
    #: The same by job type.
    types: Sequence[TypeStatistics] = ()
    #: Of the 24 hours before the last.
    day_before: AttemptCounts | None = None
    #: Jobs that waited a quarter of an hour ago, by queue; a queue that is not named held nothing.
    waited_before: Mapping[str, int] | None = None
    #: Schedules whose expected tick is missing.
    overdue: Sequence[ScheduleView] = ()
    #: Why Redis takes no jobs although it can be read; None while it takes them.
    redis_refuses: Unavailable | None = None
    #: Destinations whose jobs are held back, the longest first.
    breakers: Sequence[BreakerState] = ()
    #: Tenants with quotas, and how they stand.
    quotas: Sequence[QuotaState] = ()
    #: Jobs of other programs that were found in our queues.
    foreign_jobs: int = 0
    #: Of the record, behind Redis.
    lag: StreamLag | None = None


def long(seconds: float) -> str:
    """``95 s``, ``12 min``, ``5 h``."""
    for size, word in ((3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {word}"
    return f"{seconds:.0f} s"


def jobs(number: int) -> str:
    """``1 job waits``, ``2 jobs wait``."""
    return "1 job waits" if number == 1 else f"{number} jobs wait"
