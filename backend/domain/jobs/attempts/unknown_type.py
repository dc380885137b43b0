"""A job that came to a worker which does not know its type, or only an older version of it.

During a deploy that is no fault of the job's: whoever enqueued it knew the type, and so will the workers of
the new release. It is returned with a delay, for no handler began, until one of them takes it, and given up
when none has come.
"""

from __future__ import annotations

from backend.domain.jobs.attempts.outcome import AttemptError, Outcome, OutcomeKind
from backend.domain.jobs.job import ClaimedJob

#: Seconds between two looks, at most; a short patience is divided into so many.
_LONGEST_PAUSE_SECONDS, _LOOKS = 15.0, 40


def put_off(
    job: ClaimedJob, known_version: int | None, patience_seconds: float, seen_seconds: float
) -> Outcome:
    """What becomes of it. ``known_version`` is that of the worker, None when it knows no such type;
    ``seen_seconds`` is how long ago the worker saw it first, with the attempt that it still has not begun.
    """
    pause_seconds = min(_LONGEST_PAUSE_SECONDS, patience_seconds / _LOOKS)
    if seen_seconds >= patience_seconds:
        advice = "deploy it to this lane's workers, then redrive the job"
        return Outcome(OutcomeKind.FAILED, error=_error(job, known_version, advice))
    error = _error(job, known_version, "it waits for a worker that does")
    return Outcome(OutcomeKind.RETURNED, error=error, delay=pause_seconds)


def _error(job: ClaimedJob, known_version: int | None, advice: str) -> AttemptError:
    if known_version is None:
        words = f"this worker knows no job type {job.job_type!r}; {advice}"
        return AttemptError("unknown_job_type", "UnknownJobType", words)
    words = f"this worker knows only version {known_version} of {job.job_type!r}; {advice}"
    return AttemptError("newer_version", "NewerVersion", words)
