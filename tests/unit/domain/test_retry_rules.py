"""Which failures are tried again: sixty cases of exceptions, groups, signals and rules."""

from __future__ import annotations

import math
from typing import Any

import pytest

from backend.domain.errors import ConfigurationError, PermanentFailure, RetryLater, Snooze
from backend.domain.jobs.attempts.backoff import Exponential
from backend.domain.jobs.attempts.outcome import AttemptError, Outcome, OutcomeKind, decide_failure
from backend.domain.jobs.attempts.retry_policy import RetryPolicy
from backend.domain.jobs.attempts.retry_rules import Retry, checked_answer

ERROR = AttemptError("exception", "ValueError", "no")
POLICY = RetryPolicy((10.0, 20.0), jitter=0)
AGAIN, GIVEN_UP, SPENT = ("retried", 10.0), ("failed", "permanent_failure"), ("failed", "exception")


class NetError(Exception):
    """What passes."""


class Refused(NetError):
    """One kind of it."""


class CardDeclined(Exception):
    """What does not."""


def group(*leaves: BaseException) -> BaseException:
    """As `asyncio.TaskGroup` raises it."""
    return BaseExceptionGroup("unhandled errors in a TaskGroup", leaves)


def decided(rules: Retry, raised: BaseException, answer: Any = None, failures: int = 0) -> Outcome:
    """What becomes of the job."""
    advice = rules.advice(raised, checked_answer(answer))
    return decide_failure(
        raised, ERROR, policy=POLICY, failures_before=failures, chance=0.5, advice=advice
    )


def told(outcome: Outcome) -> tuple[str, float | str]:
    """Kind, and the wait or why there is none."""
    if outcome.kind is OutcomeKind.FAILED:
        assert outcome.error is not None
        return (outcome.kind.value, outcome.error.reason)
    return (outcome.kind.value, outcome.delay)


NONE = Retry()
ON = Retry(on=(NetError,))
NEVER = Retry(give_up_on=(CardDeclined,))
BOTH = Retry(on=(Exception,), give_up_on=(CardDeclined, KeyError))
OS = Retry(on=(OSError, TimeoutError))


CASES: list[tuple[Retry, BaseException, tuple[str, float | str]]] = [
    # Without rules everything is tried again.
    (NONE, ValueError(), AGAIN),
    (NONE, KeyboardInterrupt(), AGAIN),
    (NONE, SystemExit(1), AGAIN),
    (NONE, group(ValueError()), AGAIN),
    (NONE, group(ValueError(), KeyError()), AGAIN),
    # Only what is named, subclasses too.
    (ON, NetError(), AGAIN),
    (ON, Refused(), AGAIN),
    (ON, ValueError(), GIVEN_UP),
    (ON, SystemExit(1), GIVEN_UP),
    (OS, ConnectionResetError(), AGAIN),
    (OS, TimeoutError(), AGAIN),
    (OS, LookupError(), GIVEN_UP),
    # All but what is named.
    (NEVER, CardDeclined(), GIVEN_UP),
    (NEVER, ValueError(), AGAIN),
    (BOTH, KeyError(), GIVEN_UP),
    (BOTH, CardDeclined(), GIVEN_UP),
    (BOTH, ValueError(), AGAIN),
    (BOTH, KeyboardInterrupt(), GIVEN_UP),
    # Groups: one leaf is enough to give up, all must fit to go on.
    (ON, group(NetError()), AGAIN),
    (ON, group(NetError(), Refused()), AGAIN),
    (ON, group(NetError(), ValueError()), GIVEN_UP),
    (ON, group(group(Refused()), NetError()), AGAIN),
    (ON, group(group(ValueError()), NetError()), GIVEN_UP),
    (NEVER, group(ValueError(), CardDeclined()), GIVEN_UP),
    (NEVER, group(ValueError(), group(CardDeclined())), GIVEN_UP),
    (NEVER, group(ValueError(), KeyError()), AGAIN),
    # Signals go first, whatever the rules say.
    (ON, RetryLater(delay=5), ("retried", 5.0)),
    (ON, RetryLater(), AGAIN),
    (ON, Snooze(3), ("snoozed", 3.0)),
    (NEVER, PermanentFailure("gone"), SPENT),
    (NONE, PermanentFailure("gone"), SPENT),
    (Retry(give_up_on=(RetryLater,)), RetryLater(delay=5), ("retried", 5.0)),
    # Signals that a group wraps.
    (NONE, group(PermanentFailure("gone")), SPENT),
    (ON, group(RetryLater(delay=5)), ("retried", 5.0)),
    (ON, group(group(RetryLater(delay=5))), ("retried", 5.0)),
    (NONE, group(Snooze(3)), ("snoozed", 3.0)),
    (NONE, group(Snooze(3), Snooze(9)), ("snoozed", 9.0)),
    (NONE, group(Snooze(3), ValueError()), AGAIN),
    (NEVER, group(Snooze(3), CardDeclined()), GIVEN_UP),
    (NONE, group(RetryLater(delay=5), RetryLater(delay=7)), ("retried", 7.0)),
    (NONE, group(RetryLater(), RetryLater(delay=7)), ("retried", 7.0)),
    (NONE, group(RetryLater(delay=5), Snooze(99)), ("retried", 5.0)),
    (NONE, group(RetryLater(delay=5), ValueError()), ("retried", 5.0)),
    (NEVER, group(RetryLater(delay=5), PermanentFailure("x")), SPENT),
    (NONE, group(RetryLater(delay=math.nan), RetryLater(delay=5)), ("failed", "invalid_delay")),
]


@pytest.mark.parametrize(("rules", "raised", "expected"), CASES)
def test_what_becomes_of_a_failure(
    rules: Retry, raised: BaseException, expected: tuple[str, float | str]
) -> None:
    assert told(decided(rules, raised)) == expected


ANSWERED: list[tuple[Retry, BaseException, Any, tuple[str, float | str]]] = [
    (NONE, ValueError(), None, AGAIN),
    (NONE, ValueError(), True, AGAIN),
    (NONE, ValueError(), False, GIVEN_UP),
    (NONE, ValueError(), 0, ("retried", 0.0)),
    (NONE, ValueError(), 2.5, ("retried", 2.5)),
    (ON, ValueError(), True, AGAIN),
    (ON, ValueError(), 30, ("retried", 30.0)),
    (ON, ValueError(), None, GIVEN_UP),
    (ON, NetError(), False, GIVEN_UP),
    (NEVER, CardDeclined(), True, GIVEN_UP),
    (NEVER, CardDeclined(), 5, GIVEN_UP),
    (NONE, RetryLater(delay=5), False, ("retried", 5.0)),
    (NONE, Snooze(3), False, ("snoozed", 3.0)),
    (NONE, group(ValueError(), KeyError()), 4, ("retried", 4.0)),
]


@pytest.mark.parametrize(("rules", "raised", "answer", "expected"), ANSWERED)
def test_what_a_function_answers_goes_before_the_classes_to_retry_and_after_those_to_give_up(
    rules: Retry, raised: BaseException, answer: Any, expected: tuple[str, float | str]
) -> None:
    assert told(decided(rules, raised, answer)) == expected


@pytest.mark.parametrize("answer", [None, True, 5.0])
def test_no_rule_buys_an_attempt_more(answer: Any) -> None:
    assert told(decided(NONE, ValueError(), answer, failures=2)) == SPENT


def test_of_a_job_that_is_given_up_the_error_keeps_its_own_name() -> None:
    assert decided(ON, ValueError()).error == AttemptError("permanent_failure", "ValueError", "no")


@pytest.mark.parametrize("answer", [-1, math.inf, math.nan, "soon", [5], 1e12])
def test_what_is_no_answer_is_told(answer: Any) -> None:
    with pytest.raises(ValueError, match="a rule answers True, False, None or a number of seconds"):
        checked_answer(answer)


@pytest.mark.parametrize(
    ("retry", "policy"),
    [
        (Retry(), RetryPolicy()),
        (Retry(5), RetryPolicy(max_retries=5)),
        (Retry(0), RetryPolicy(max_retries=0)),
        (Retry(backoff=[1, 2]), RetryPolicy((1.0, 2.0))),
        (Retry(9, backoff=[1, 2]), RetryPolicy((1.0, 2.0), 9)),
        (Retry(5, Exponential(10, most=60)), RetryPolicy((10.0, 20.0, 40.0, 60.0), 5, 0.1)),
        (Retry(backoff=Exponential(1, jitter=0)), RetryPolicy((1.0, 2.0, 4.0), 3, 0)),
    ],
)
def test_the_numbers_of_a_declaration_travel_with_the_job(
    retry: Retry, policy: RetryPolicy
) -> None:
    assert retry.policy("job type 'x'") == policy


@pytest.mark.parametrize(
    ("retry", "words"),
    [
        (Retry(-1), "max_retries must be a whole number from 0 to 1000, not -1"),
        (Retry(backoff=[1.0] * 101), "retry_delays has at most 100 numbers"),
        (Retry(backoff=[-5.0]), "retry_delays must be a number of seconds from 0 to 31622400"),
    ],
)
def test_numbers_out_of_their_range_are_refused_when_they_are_declared(
    retry: Retry, words: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"job type 'x': {words}"):
        retry.policy("job type 'x'")
