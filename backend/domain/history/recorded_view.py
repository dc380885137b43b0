"""A job of the record as a `JobView`, for whoever asks after a job that has left Redis."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from backend.domain.errors import HistoryUnavailable, JobNotFound, Unavailable
from backend.domain.history.history_record import JobHistory
from backend.domain.jobs.attempts.outcome import OutcomeKind
from backend.domain.jobs.job import JobView
from backend.domain.jobs.job_state import JobState


def view_of(history: JobHistory) -> JobView:
    """The job with the result, or the error, of its last attempt; what only Redis knows is left out."""
    job, attempts = history.job, history.attempts
    view = JobView(
        id=job.id,
        job_type=job.job_type,
        queue=job.queue,
        state=job.state,
        payload=history.current_payload,
        attempt=job.attempt,
        max_attempts=job.max_attempts,
        failures=sum(each.outcome in _CHARGED for each in attempts),
        created_at=job.created_at,
        enqueued_at=job.enqueued_at,
        started_at=job.started_at,
        ended_at=job.finished_at,
        run_at=job.run_at,
        worker=job.worker,
        options=history.options,
    )
    if not attempts:
        return view
    last = attempts[-1]
    result = last.result if job.state is JobState.FINISHED else None
    return replace(view, result=result, error=last.error)


def with_result(job: JobView, history_of: Callable[[str], JobHistory]) -> JobView:
    """A job whose result has left Redis before it, with that on record.

    As it is where none is yet, and where the record cannot be asked.
    """
    try:
        history = history_of(job.id)
    except (Unavailable, JobNotFound):
        return job
    if history.job.state is not JobState.FINISHED:
        return job
    return replace(job, result=view_of(history).result, result_until=None)


def lost_result(job: JobView) -> HistoryUnavailable:
    """What is said of one that is on record alone, when that cannot be asked or is behind."""
    return HistoryUnavailable(
        f"the result of job {job.id} left Redis at {job.result_until}, and the record cannot tell it now: "
        "Postgres is away, or the recorder is behind; ask again later",
        job_id=job.id,
    )


_CHARGED = frozenset({OutcomeKind.RETRIED, OutcomeKind.FAILED})
