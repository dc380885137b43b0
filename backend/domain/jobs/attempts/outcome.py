"""How an attempt ended, and what that means for the job. Deciding only; nothing is touched here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, NamedTuple

from backend.domain.errors import JobSignal, PermanentFailure, RetryLater, Snooze
from backend.domain.jobs.attempts.leaves import signal_in
from backend.domain.jobs.attempts.retry_policy import RetryPolicy
from backend.domain.jobs.attempts.retry_rules import NO_ADVICE, Advice
from backend.domain.jobs.options.bounds import OUTCOME_DELAY, shown

#: The reason of a job that was given up because it kept killing its process.
POISON = "poison"


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
    #: Its handler never began: back to the front of its queue, as if it had not been claimed; with a
    #: delay it is scheduled.
    RETURNED = "returned"
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


class Unreached(NamedTuple):
    """What the breaker of a job's destination is told of an attempt that did not reach it."""

    #: The numbers of the breaker, as its job type declares them here: see `Breaker.text`.
    rule: str
    #: Seconds for which the destination asked to be left alone; 0 for nothing said.
    retry_after: float
    #: What went wrong, as one short line.
    words: str


class Outcome(NamedTuple):
    """One decided end of one attempt."""

    kind: OutcomeKind
    #: The handler's result as JSON text; empty for None.
    result: str = ""
    error: AttemptError | None = None
    #: Seconds until the job may run again; only for `RETRIED`, `SNOOZED` and `RETURNED`.
    delay: float = 0.0
    #: Seconds the handler ran, by the worker's monotonic clock.
    run_seconds: float = 0.0
    #: What the handler logged, as JSON text: lines of time (Unix ms), level and text.
    log: str = ""
    #: Of a job type with a breaker: that, and how, the destination was not reached.
    unreached: Unreached | None = None

    @property
    def is_poison(self) -> bool:
        """Whether the job is given up because it kept killing its process."""
        is_failed = self.kind is OutcomeKind.FAILED
        return is_failed and self.error is not None and self.error.reason == POISON


def died(reason: str, message: str, *, failures: int, max_attempts: int) -> Outcome:
    """What it means for a job that its process ended, and that it is charged for that.

    Tried again at once, or given up when its attempts are spent, as poison unless the ``reason`` is
    another one than ``crashed``. ``failures`` is how many were counted against it until now.
    """
    if failures + 1 >= max_attempts:
        word = POISON if reason == "crashed" else reason
        return Outcome(OutcomeKind.FAILED, error=AttemptError(word, "ProcessDied", message))
    return Outcome(OutcomeKind.CRASHED, error=AttemptError(reason, "ProcessDied", message))


def decide_failure(
    raised: BaseException,
    error: AttemptError,
    *,
    policy: RetryPolicy,
    failures_before: int,
    chance: float,
    advice: Advice = NO_ADVICE,
) -> Outcome:
    """What a raised exception means for the job.

    ``failures_before`` is how many attempts were counted against it until now; ``chance`` in
    [0, 1) feeds the jitter. ``advice`` is what the rules of the job type say; signals go before it.
    """
    signal = signal_in(raised)
    chosen: Any = advice.delay if signal is None else _chosen_delay(signal)
    is_snooze = isinstance(signal, Snooze)
    if (is_snooze or chosen is not None) and not OUTCOME_DELAY.holds(chosen):
        return Outcome(OutcomeKind.FAILED, error=_no_delay(error, chosen))
    if is_snooze:
        return Outcome(OutcomeKind.SNOOZED, error=error, delay=float(chosen))
    if signal is None and advice.gives_up:
        return Outcome(OutcomeKind.FAILED, error=replace(error, reason=PermanentFailure.code))
    failures = failures_before + 1
    if isinstance(signal, PermanentFailure) or failures >= policy.max_attempts:
        return Outcome(OutcomeKind.FAILED, error=error)
    delay = policy.delay_after(failures, chance) if chosen is None else float(chosen)
    # A job that was accepted before there was a bound may carry any delay.
    return Outcome(OutcomeKind.RETRIED, error=error, delay=min(delay, OUTCOME_DELAY.most))


def _chosen_delay(signal: JobSignal) -> Any:
    """What the handler said, None for nothing. A class derived from ours may have lost it."""
    if isinstance(signal, Snooze):
        return getattr(signal, "delay", "none")
    return getattr(signal, "delay", None) if isinstance(signal, RetryLater) else None


def _no_delay(error: AttemptError, delay: Any) -> AttemptError:
    message = f"delay is not a time: it must be {OUTCOME_DELAY.words}, not {shown(delay)}"
    if error.message != error.error:
        message = f"{message} ({error.message})"
    return replace(error, reason="invalid_delay", message=message)


def unsendable(outcome: Outcome, problem: BaseException) -> Outcome:
    """What an outcome becomes that no store takes: trying again would only repeat what was done."""
    name, words = type(problem).__name__, words_of(problem)[:500]
    error = AttemptError(
        "outcome_unsendable", name, f"the outcome ({outcome.kind}) cannot be kept: {name}: {words}"
    )
    return Outcome(OutcomeKind.FAILED, error=error, run_seconds=outcome.run_seconds)


#: What reading raises that finds something else than was written.
MISREADINGS = (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError)


def damage_of(problem: BaseException) -> str:
    """What is wrong with a job that cannot be read, as one short line."""
    return f"{type(problem).__name__}: {words_of(problem)[:500]}"


def malformed(damage: str) -> Outcome:
    """A job of which no worker can read what it carries fails for good, and its handler is not called."""
    words = f"what the job carries cannot be read: {damage}"
    return Outcome(OutcomeKind.FAILED, error=AttemptError("malformed_job", "MalformedJob", words))


def words_of(raised: BaseException) -> str:
    """The text of an exception, whose making may itself raise."""
    try:
        return str(raised)
    except (Exception, SystemExit):  # noqa: BLE001 - somebody's own __str__
        return "(its text cannot be made)"
