"""What a person on call should look at: each sign a sentence that says what to do. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from backend.domain.history_ports import StreamLag
from backend.domain.history_statistics import AttemptCounts
from backend.domain.job import JobView
from backend.domain.job_state import JobState
from backend.domain.queue_state import QueueState, WorkerState

#: Seconds after which a running job counts as stuck, and a waiting one as waiting long.
STUCK_SECONDS = 300.0
LONG_WAIT_SECONDS = 300.0
#: Share of attempts that may go wrong in an hour, once there are enough to speak of a share.
FAILURE_SHARE, ENOUGH_ATTEMPTS = 0.1, 20
#: Seconds that the record may be behind.
LONG_LAG_SECONDS = 60.0


class Severity(StrEnum):
    """How much it matters."""

    WARNING = "warning"
    CRITICAL = "critical"


class Sign(NamedTuple):
    """One thing that is not as it should be. ``code`` is stable."""

    code: str
    severity: Severity
    text: str
    #: What it is about: a queue, a job, a worker; empty for all.
    subject: str = ""


def signs_of(
    *,
    now: datetime,
    queues: Sequence[QueueState],
    workers: Sequence[WorkerState],
    running: Sequence[JobView],
    attempts: AttemptCounts | None,
    lag: StreamLag | None,
) -> list[Sign]:
    """Every sign, the critical ones first."""
    signs = [
        *_unserved(queues, workers),
        *_backlogs(queues, now),
        *_stuck(running, now),
        *_failures(attempts),
        *_lost_workers(workers),
        *_lagging(lag),
    ]
    return sorted(signs, key=lambda sign: sign.severity is not Severity.CRITICAL)


def _unserved(queues: Sequence[QueueState], workers: Sequence[WorkerState]) -> Iterator[Sign]:
    served = {queue for each in workers if each.state != "lost" for queue in each.queues}
    for queue in queues:
        waiting = queue.counts[JobState.QUEUED]
        if waiting and queue.name not in served:
            lane = queue.name.partition(":")[2] or "default"
            yield Sign(
                "no_worker",
                Severity.CRITICAL,
                f"{waiting} jobs wait in {queue.name} and no live worker serves it: "
                f"./scripts/workers/start-workers.sh {lane}",
                queue.name,
            )


def _backlogs(queues: Sequence[QueueState], now: datetime) -> Iterator[Sign]:
    for queue in queues:
        oldest = queue.oldest_enqueued_at
        waited = (now - oldest).total_seconds() if oldest else 0.0
        if waited > LONG_WAIT_SECONDS:
            pause = "; it is paused" if queue.paused else "; add workers, or look at what they do"
            yield Sign(
                "backlog",
                Severity.WARNING,
                f"the oldest job in {queue.name} has waited {waited / 60:.0f} min{pause}",
                queue.name,
            )


def _stuck(running: Sequence[JobView], now: datetime) -> Iterator[Sign]:
    for job in running:
        ran = (now - job.started_at).total_seconds() if job.started_at else 0.0
        if ran > max(STUCK_SECONDS, job.timeout):
            yield Sign(
                "stuck",
                Severity.WARNING,
                f"{job.job_type} {job.id} has run for {ran / 60:.0f} min on {job.worker}; "
                "cancel it, by force if it does not listen",
                job.id,
            )


def _failures(attempts: AttemptCounts | None) -> Iterator[Sign]:
    if attempts is None:
        yield Sign(
            "history_away",
            Severity.CRITICAL,
            "the record in Postgres cannot be read; jobs go on, history catches up when it is back",
        )
        return
    wrong = attempts.failed + attempts.retried + attempts.crashed
    if attempts.ended >= ENOUGH_ATTEMPTS and wrong > FAILURE_SHARE * attempts.ended:
        yield Sign(
            "failures",
            Severity.WARNING,
            f"{wrong} of {attempts.ended} attempts of the last hour went wrong; "
            "GET /api/jobs/metrics/history groups them by kind of error",
        )


def _lost_workers(workers: Sequence[WorkerState]) -> Iterator[Sign]:
    for worker in workers:
        if worker.state == "lost":
            yield Sign(
                "worker_lost",
                Severity.WARNING,
                f"worker {worker.name} left its record behind; its jobs are rescued, "
                "POST /api/jobs/workers/clear-stale takes the record away",
                worker.name,
            )


def _lagging(lag: StreamLag | None) -> Iterator[Sign]:
    if lag is not None and lag.seconds > LONG_LAG_SECONDS:
        yield Sign(
            "record_behind",
            Severity.WARNING,
            f"the record is {lag.seconds:.0f} s and {lag.events} events behind; "
            "is a recorder running, and is Postgres well?",
        )
