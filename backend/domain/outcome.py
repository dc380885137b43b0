"""How an attempt ended, and what that means for the job. Deciding only; nothing is touched here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from backend.domain.errors import PermanentFailure, RetryLater, Snooze
from backend.domain.retry_policy import RetryPolicy


class OutcomeKind(StrEnum):
    """What `settle` does with a job whose attempt ended."""

    #: The job is done.
    FINISHED = "finished"
    #: Counted failure; scheduled again after a delay.
    RETRIED = "retried"
    #: Not counted; scheduled again after a delay.
    SNOOZED = "snoozed"
    #: Given up: into the dead-letter queue.
    FAILED = "failed"
    #: Not counted; back to the front of its queue (a worker that stops).
    RELEASED = "released"
    #: Withdrawn while it ran.
    CANCELED = "canceled"
    #: Its process died with it alone inside: counted, back to the front, or poison when spent.
    CRASHED = "crashed"
    #: Its process died with others inside: not counted, back to the front, to be run alone.
    SUSPECTED = "suspected"


@dataclass(frozen=True, slots=True)
class AttemptError:
    """Why an attempt failed, as kept in Redis, history and shown to people."""

    #: Stable word: ``exception``, ``permanent_failure``, ``timeout``, ``crashed``, ``memory``…
    reason: str
    #: The exception's class name, or the reason again.
    error: str
    message: str
    traceback: str = ""

    def to_dict(self) -> dict[str, str]:
        """The JSON shape used in events and in job hashes."""
        return {
            "reason": self.reason,
            "error": self.error,
            "message": self.message,
            "traceback": self.traceback,
        }


class Outcome(NamedTuple):
    """One decided end of one attempt."""

    kind: OutcomeKind
    #: The handler's result as JSON text; empty for None.
    result: str = ""
    error: AttemptError | None = None
    #: Seconds until the job may run again; only for `RETRIED` and `SNOOZED`.
    delay: float = 0.0
    #: Seconds the handler ran, by the worker's monotonic clock.
    run_seconds: float = 0.0
    #: What the handler logged, as JSON text: lines of time (Unix ms), level and text.
    log: str = ""


def decide_failure(
    raised: BaseException,
    error: AttemptError,
    *,
    policy: RetryPolicy,
    failures_before: int,
    chance: float,
) -> Outcome:
    """What a raised exception means for the job.

    ``failures_before`` is how many attempts were counted against it until now; ``chance`` in
    [0, 1) feeds the jitter.
    """
    if isinstance(raised, Snooze):
        return Outcome(OutcomeKind.SNOOZED, error=error, delay=max(0.0, raised.delay))
    failures = failures_before + 1
    if isinstance(raised, PermanentFailure) or failures >= policy.max_attempts:
        return Outcome(OutcomeKind.FAILED, error=error)
    delay = policy.delay_after(failures, chance)
    if isinstance(raised, RetryLater) and raised.delay is not None:
        delay = max(0.0, raised.delay)
    return Outcome(OutcomeKind.RETRIED, error=error, delay=delay)
