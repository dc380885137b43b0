"""Numbers: how it is now, and how it was."""

from __future__ import annotations

import math
from datetime import timedelta

from backend.api.http.operation import Router
from backend.api.request.request_context import Call
from backend.api.schemas.metrics import (
    Attempts,
    DepthHistory,
    DepthPoint,
    DepthQuery,
    FailureLine,
    HistoryQuery,
    HourLine,
    MetricsHistory,
    MetricsOverview,
    QueueLine,
    RecordLag,
    SignLine,
    TypeLine,
    WorkerSummary,
)
from backend.api.schemas.queues import PauseLine, Queue
from backend.domain.errors import InvalidOption
from backend.domain.history.history_statistics import TimeWindow
from backend.domain.history.queue_depth import ALL_QUEUES
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.queue_state import WorkerState

router = Router("metrics", "Metrics")

_DAY = timedelta(days=1)
_MOST_POINTS = 2000


@router.get("/api/jobs/metrics/overview")
def overview(call: Call) -> MetricsOverview:
    """Depth and oldest wait of each queue, workers, rates and percentiles, and what needs a person."""
    found = call.parts.overview.overview()
    queues = [Queue.of(state, found.at) for state in found.queues]
    waits = [queue.oldest_wait_seconds for queue in queues if queue.oldest_wait_seconds is not None]
    return MetricsOverview(
        at=found.at,
        depth=found.total(JobState.QUEUED),
        oldest_wait_seconds=max(waits, default=None),
        scheduled=found.total(JobState.SCHEDULED),
        started=found.total(JobState.STARTED),
        dead=found.dead,
        queues=queues,
        paused=[pause.what for pause in found.pauses],
        pauses=[PauseLine.of(pause, found.queues) for pause in found.pauses],
        workers=_summary(found.workers),
        attempts=Attempts.of(found.attempts) if found.attempts else None,
        types=[TypeLine.of(each) for each in found.types],
        lag=RecordLag(**found.lag._asdict()) if found.lag else None,
        difference=found.difference,
        signs=[SignLine(**sign._asdict()) for sign in found.signs],
    )


@router.get("/api/jobs/metrics/history")
def history(call: Call, query: HistoryQuery) -> MetricsHistory:
    """Throughput, waits and runs by hour, job type and queue, and what went wrong by kind of error."""
    record, window = call.parts.history, (query.since, query.until)
    job_type, queue = query.job_type or "", query.queue or ""
    hours = record.by_hour(*window, job_type=job_type, queue=queue)
    types = [] if queue else record.by_type(*window)
    queues = [] if job_type else record.by_queue(*window)
    failures = record.failures(*window, job_type=job_type, queue=queue, limit=query.failures)
    return MetricsHistory(
        hours=[HourLine.of(hour) for hour in hours],
        types=[TypeLine.of(each) for each in types if job_type in {"", each.job_type}],
        queues=[QueueLine.of(each) for each in queues if queue in {"", each.queue}],
        failures=[FailureLine.of(group) for group in failures],
    )


@router.get("/api/jobs/metrics/depths")
def depths(call: Call, query: DepthQuery) -> DepthHistory:
    """How many jobs waited, in all queues or in one, and for how long the oldest had; kept for 15 days."""
    until = query.until or call.parts.clock.now()
    window = TimeWindow.to(until, since=query.since, length=_DAY)
    if window.seconds > _MOST_POINTS * query.step_seconds:
        raise InvalidOption(
            f"an answer has at most {_MOST_POINTS} points: ask for a shorter stretch of time, "
            f"or for steps of {math.ceil(window.seconds / _MOST_POINTS)} seconds or more",
            field="step_seconds",
        )
    found = call.parts.overview.depths(*window, query.step_seconds, query.queue or ALL_QUEUES)
    return DepthHistory(
        points=[
            DepthPoint(at=each.at, waiting=each.waiting, oldest_wait_seconds=each.oldest_wait)
            for each in found
        ]
    )


def _summary(workers: list[WorkerState]) -> WorkerSummary:
    alive = [worker for worker in workers if worker.state != "lost"]
    return WorkerSummary(
        alive=len(alive),
        lost=len(workers) - len(alive),
        slots=sum(worker.slots for worker in alive),
        busy_slots=sum(worker.busy_slots for worker in alive),
    )
