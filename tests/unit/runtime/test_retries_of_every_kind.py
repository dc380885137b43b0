"""The sixty cases of what is tried again hold for handlers in threads, in the loop, and in children."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from backend.domain.jobs.attempts.outcome import Outcome, OutcomeKind
from backend.domain.jobs.attempts.retry_rules import Failure, Retry
from backend.domain.jobs.job_type import JobType
from tests.unit.domain.test_retry_rules import ANSWERED, CASES, GIVEN_UP, SPENT, told
from tests.unit.runtime.attempts import claimed
from workers.base_worker import JobContext
from workers.runtime.attempts import attempt
from workers.runtime.attempts.own_loop import OwnLoop
from workers.runtime.children import frames

Way = Callable[[Retry, BaseException], Outcome]


def _kinds(rules: Retry, raised: BaseException) -> tuple[JobType, JobType]:
    """A plain and an async handler that raise it."""

    def plain(_: dict[str, Any]) -> None:
        raise raised

    async def waits(_: dict[str, Any]) -> None:
        turned = asyncio.Event()
        asyncio.get_running_loop().call_soon(turned.set)
        await turned.wait()
        raise raised

    return JobType("greet", plain, retry_rules=rules), JobType("greet", waits, retry_rules=rules)


def _job() -> Any:
    return claimed(options=b'{"retry_delays":[10,20],"jitter":0}')


def _context() -> JobContext:
    return JobContext("a", "greet", 1)


def _in_a_thread(rules: Retry, raised: BaseException) -> Outcome:
    plain, _ = _kinds(rules, raised)
    return attempt.run(attempt.prepare(plain, None), _job(), _context())


def _in_the_loop(rules: Retry, raised: BaseException) -> Outcome:
    _, waits = _kinds(rules, raised)
    prepared = attempt.prepare(waits, None)
    return asyncio.run(attempt.run_awaited(prepared, _job(), _context(), lambda meant: meant))


def _from_a_child(outcome: Outcome) -> Outcome:
    """As it comes out of the pipe."""
    return frames.outcome_of(json.loads(json.dumps(frames.outcome_frame(_job(), outcome))))


def _plain_in_a_child(rules: Retry, raised: BaseException) -> Outcome:
    return _from_a_child(_in_a_thread(rules, raised))


def _async_in_a_child(rules: Retry, raised: BaseException) -> Outcome:
    _, waits = _kinds(rules, raised)
    own_loop = OwnLoop()
    try:
        prepared = attempt.prepare(waits, None, own_loop=own_loop)
        return _from_a_child(attempt.run(prepared, _job(), _context()))
    finally:
        own_loop.close()


def as_described(expected: tuple[str, float | str]) -> tuple[str, float | str]:
    """The table has one error for all; here `PermanentFailure` says itself what it is."""
    return GIVEN_UP if expected == SPENT else expected


WAYS = [_in_a_thread, _in_the_loop, _plain_in_a_child, _async_in_a_child]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("rules", "raised", "expected"), CASES)
def test_what_a_handler_raises_means_the_same_wherever_it_runs(
    way: Way, rules: Retry, raised: BaseException, expected: tuple[str, float | str]
) -> None:
    assert told(way(rules, raised)) == as_described(expected)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("rules", "raised", "answer", "expected"), ANSWERED)
def test_what_its_rule_answers_counts_wherever_it_runs(
    way: Way,
    rules: Retry,
    raised: BaseException,
    answer: Any,
    expected: tuple[str, float | str],
) -> None:
    assert told(way(replace(rules, when=lambda _failure: answer), raised)) == as_described(expected)


def _exits(_failure: Failure) -> bool:
    raise SystemExit(1)


@pytest.mark.parametrize("way", WAYS)
def test_a_rule_that_exits_has_no_opinion_and_loses_no_failure(way: Way) -> None:
    with capture_logs() as lines:
        outcome = way(Retry(when=_exits), ConnectionError("refused"))

    assert (outcome.kind, outcome.delay) == (OutcomeKind.RETRIED, 10)
    assert outcome.error is not None
    assert (outcome.error.error, outcome.error.message) == ("ConnectionError", "refused")
    assert [line["event"] for line in lines] == ["retry_rule.failed"]
