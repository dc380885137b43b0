"""Situations for signs: all is well unless a test says otherwise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from backend.domain.history.history_statistics import AttemptCounts, TypeStatistics
from backend.domain.jobs.job import JobView
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.queue_state import QueueState, WorkerState
from backend.domain.schedules.schedule_view import ScheduleView
from backend.services.health.health_signs import signs_of
from backend.services.health.health_situation import Sign, Situation
from tests.unit.scheduler.builders import schedule

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def ago(seconds: float) -> datetime:
    """An instant before now."""
    return NOW - timedelta(seconds=seconds)


def queue(name: str = "normal", queued: int = 0, **fields: Any) -> QueueState:
    """A queue that holds so many jobs."""
    counts = {state: queued if state is JobState.QUEUED else 0 for state in JobState}
    given: dict[str, Any] = {"oldest_enqueued_at": None, "paused": False, "parked": 0} | fields
    return QueueState(name, counts, accepted=queued, **given)


def worker(*queues: str, name: str = "w1", state: str = "idle") -> WorkerState:
    """A worker process that serves some queues."""
    return WorkerState(
        name=name,
        lane="default",
        queues=queues,
        host="h",
        pid=1,
        state=state,
        stopping=False,
        slots=4,
        busy_slots=0,
        current_job="",
        finished=0,
        failed=0,
        rss_bytes=0,
        version="1",
        born_at=None,
        last_heartbeat=None,
    )


def running(seconds: float, timeout: float = 60.0) -> JobView:
    """A job that has run for so long."""
    return JobView(
        "job-1", "greet", "normal", JobState.STARTED, {}, 1, 3,
        started_at=ago(seconds), worker="w1", timeout=timeout,
    )  # fmt: skip


def attempts(ended: int, failed: int = 0, retried: int = 0, crashed: int = 0) -> AttemptCounts:
    """How attempts ended."""
    return AttemptCounts(ended, ended - failed - retried - crashed, failed, retried, crashed)


def of_type(name: str, ended: int, failed: int = 0) -> TypeStatistics:
    """What ended of a job type."""
    return TypeStatistics(name, attempts(ended, failed), None, None)


def late(seconds: float) -> ScheduleView:
    """A schedule whose tick has been missing for so long."""
    return ScheduleView(schedule(next_at=ago(seconds)), NOW)


def signs(**found: Any) -> list[Sign]:
    """What a situation gives; a worker is alive and the record answers unless it says otherwise."""
    well: dict[str, Any] = {"workers": [worker("normal", "low")], "attempts": attempts(0)}
    return signs_of(Situation(now=NOW, **(well | found)))


def codes(**found: Any) -> list[str]:
    """Their codes."""
    return [sign.code for sign in signs(**found)]
