"""What a raised exception means for the job."""

from __future__ import annotations

import pytest

from backend.domain.errors import PermanentFailure, RetryLater, Snooze
from backend.domain.outcome import AttemptError, Outcome, OutcomeKind, decide_failure
from backend.domain.retry_policy import RetryPolicy

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


@pytest.mark.parametrize(("delay", "waits"), [(7.0, 7.0), (0.0, 0.0), (-3.0, 0.0), (None, 10.0)])
def test_a_handler_may_choose_its_delay(delay: float | None, waits: float) -> None:
    outcome = _decide(RetryLater("busy", delay=delay))

    assert (outcome.kind, outcome.delay) == (OutcomeKind.RETRIED, waits)


def test_a_chosen_delay_buys_no_further_attempt() -> None:
    assert _decide(RetryLater(delay=1), 2).kind is OutcomeKind.FAILED


@pytest.mark.parametrize("failures", [0, 2, 50])
def test_a_snooze_never_counts(failures: int) -> None:
    outcome = _decide(Snooze(30), failures)

    assert (outcome.kind, outcome.delay) == (OutcomeKind.SNOOZED, 30)


def test_a_snooze_into_the_past_is_now() -> None:
    assert _decide(Snooze(-1)).delay == 0


def test_an_error_is_kept_under_four_names() -> None:
    assert AttemptError("timeout", "T", "m", "tb").to_dict() == {
        "reason": "timeout",
        "error": "T",
        "message": "m",
        "traceback": "tb",
    }
