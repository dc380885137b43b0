"""One line in the process log for each attempt that did not finish its job, and no flood of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from backend.domain.jobs.attempts.outcome import MISREADINGS, AttemptError, Outcome, OutcomeKind
from backend.domain.jobs.job import ClaimedJob
from backend.domain.jobs.options.job_labels import labels_in
from backend.telemetry.logs.logger import Logger

log = Logger("tally.worker")

#: Lines in a second about one job type and one error; the next second tells how many there were more.
_MOST_IN_A_SECOND = 10
#: Errors that are told apart at once; a job type may make names of its own for each.
_MOST_KINDS = 1000


class _Told(NamedTuple):
    """How often something was told in a second."""

    second: int
    times: int


class AttemptLog:
    """For one worker process. Safe for several threads: a count that is lost costs a line more."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """``now`` gives seconds."""
        self._now = now
        self._told: dict[tuple[str, str], _Told] = {}

    def tell(self, job: ClaimedJob, outcome: Outcome) -> None:
        """Of an attempt that was retried or given up; anything else is no trouble."""
        if outcome.error is None:
            return
        if outcome.kind is OutcomeKind.FAILED:
            write, event = log.error, "job.died"
        elif outcome.kind is OutcomeKind.RETRIED:
            write, event = log.warning, "job.retried"
        else:
            return
        suppressed = self._suppressed(job.job_type, outcome.error.error)
        if suppressed is not None:
            more = {"suppressed": suppressed} if suppressed else {}
            write(event, **_details(job, outcome, outcome.error), **more)

    def _suppressed(self, job_type: str, error: str) -> int | None:
        """How many lines like this one were left out before it; None: it is one of those."""
        key, second = (job_type, error), int(self._now())
        told = self._told.get(key)
        if told is not None and told.second == second:
            self._told[key] = told._replace(times=told.times + 1)
            return None if told.times >= _MOST_IN_A_SECOND else 0
        if len(self._told) >= _MOST_KINDS:
            self._told.clear()
        self._told[key] = _Told(second, 1)
        return max(0, told.times - _MOST_IN_A_SECOND) if told is not None else 0


def _details(job: ClaimedJob, outcome: Outcome, error: AttemptError) -> Mapping[str, Any]:
    details: dict[str, Any] = {
        "job_id": job.id,
        "job_type": job.job_type,
        "attempt": job.attempt,
        "max_attempts": job.max_attempts,
        "reason": error.reason,
        "error": f"{error.error}: {error.message}",
        "run_seconds": round(outcome.run_seconds, 3),
    }
    if outcome.kind is OutcomeKind.RETRIED:
        details["again_in_seconds"] = round(outcome.delay, 3)
    elif error.traceback:
        details["traceback"] = error.traceback
    if trace_id := _trace_id(job):
        details["trace_id"] = trace_id
    return details


def _trace_id(job: ClaimedJob) -> str:
    """Empty for none, and where the job's options cannot be read, which may be what is told here."""
    try:
        return labels_in(job.options).trace_id
    except MISREADINGS:
        return ""
