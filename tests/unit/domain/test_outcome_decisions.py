"""What a raised exception means for the job."""

from __future__ import annotations

import math
import sys
from datetime import timedelta
from typing import Any

import pytest

from backend.domain.errors import PermanentFailure, RetryLater, Snooze
from backend.domain.jobs.attempts.outcome import AttemptError, Outcome, OutcomeKind, decide_failure
from backend.domain.jobs.attempts.retry_policy import RetryPolicy

ERROR = AttemptError("exception", "ValueError", "no")
POLICY = RetryPolicy((10.0, 20.0), jitter=0)


def _decide(raised: BaseException, failures: int = 0, policy: RetryPolicy = POLICY) -> Outcome:
    return decide_failure(raised, ERROR, policy=policy, failures_before=failures, chance=0.5)


@pytest.mark.parametrize(("failures", "delay"), [(0, 10), (1, 20)])
def test_a_failure_with_attempts_left_is_retried_after_its_delay(
    failures: int, delay: float
) -> None:
    assert _decide(ValueError(), failures) == Outcome(OutcomeKind.RETRIED, error=ERROR, delay=delay)


def test_the_failure_that_spends_the_last_attempt_is_final() -> None:
    assert _decide(ValueError(), 2) == Outcome(OutcomeKind.FAILED, error=ERROR)


def test_a_job_without_retries_fails_at_once() -> None:
    assert _decide(ValueError(), policy=RetryPolicy(())).kind is OutcomeKind.FAILED


def test_a_permanent_failure_leaves_no_retries() -> None:
    assert _decide(PermanentFailure("no such user")).kind is OutcomeKind.FAILED


@pytest.mark.parametrize(("delay", "waits"), [(7.0, 7.0), (0.0, 0.0), (None, 10.0)])
def test_a_handler_may_choose_its_delay(delay: float | None, waits: float) -> None:
    outcome = _decide(RetryLater("busy", delay=delay))

    assert (outcome.kind, outcome.delay) == (OutcomeKind.RETRIED, waits)


def test_a_chosen_delay_buys_no_further_attempt() -> None:
    assert _decide(RetryLater(delay=1), 2).kind is OutcomeKind.FAILED


@pytest.mark.parametrize("failures", [0, 2, 50])
def test_a_snooze_never_counts(failures: int) -> None:
    outcome = _decide(Snooze(30), failures)

    assert (outcome.kind, outcome.delay) == (OutcomeKind.SNOOZED, 30)


NO_TIME = (
    *(math.inf, -math.inf, math.nan, -1, -0.001, 1e12, 1e300, sys.maxsize, 2**31, 2**63, 10**5000),
    *("soon", True, [5], timedelta(seconds=5)),
)


@pytest.mark.parametrize("delay", NO_TIME, ids=lambda delay: type(delay).__name__)
@pytest.mark.parametrize("failures", [0, 2])
def test_a_delay_that_is_no_time_fails_the_job_for_good_and_by_name(
    delay: Any, failures: int
) -> None:
    for raised in (RetryLater("busy", delay=delay), Snooze(delay)):
        outcome = _decide(raised, failures)

        assert outcome.kind is OutcomeKind.FAILED
        assert outcome.error is not None
        assert outcome.error.reason == "invalid_delay"
        assert outcome.error.message.startswith(
            "delay is not a time: it must be a number of seconds from 0 to 31622400, not "
        )
        assert len(outcome.error.message) < 200


def test_the_longest_delay_is_a_year() -> None:
    assert _decide(Snooze(31_622_400)).kind is OutcomeKind.SNOOZED
    assert _decide(Snooze(31_622_401)).kind is OutcomeKind.FAILED


def test_a_snooze_for_none_is_no_time_either() -> None:
    outcome = _decide(Snooze(None))  # type: ignore[arg-type] # what checkers would have said

    assert outcome.kind is OutcomeKind.FAILED
    assert outcome.error is not None
    assert outcome.error.reason == "invalid_delay"


def test_a_signal_that_lost_its_delay_fails_the_job_and_nothing_else() -> None:
    class Later(Snooze):
        def __init__(self) -> None:
            pass

    outcome = _decide(Later())

    assert outcome.error is not None
    assert (outcome.kind, outcome.error.reason) == (OutcomeKind.FAILED, "invalid_delay")


def test_a_policy_accepted_before_there_was_a_bound_waits_as_long_as_the_bound() -> None:
    assert _decide(ValueError(), policy=RetryPolicy((1e300,))).delay == 31_622_400


def test_an_error_is_kept_under_four_names() -> None:
    assert AttemptError("timeout", "T", "m", "tb").to_dict() == {
        "reason": "timeout",
        "error": "T",
        "message": "m",
        "traceback": "tb",
    }
