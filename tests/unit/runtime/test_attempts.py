"""One attempt of one job, from its stored form to an outcome."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import BaseModel

from backend.domain.errors import PermanentFailure, RetryLater, Snooze
from backend.domain.jobs.attempts.outcome import OutcomeKind
from backend.domain.jobs.job_type import JobType
from tests.unit.runtime.attempts import claimed as _job
from tests.unit.runtime.attempts import run as _run
from workers.base_worker import JobContext, StopRequested, TimeLimitReached
from workers.runtime.attempts import attempt
from workers.runtime.attempts.attempt_error import HardLimitReached
from workers.runtime.attempts.job_contexts import context_of
from workers.runtime.attempts.runner import hard_timeout


class Greeting(BaseModel):
    name: str
    times: int = 1


def _raises(error: BaseException) -> Any:
    def handler(_payload: Any) -> None:
        raise error

    return handler


def test_what_a_handler_returns_is_the_result() -> None:
    outcome = _run(lambda payload: {"hello": payload["name"], "ä": [1, None]})

    assert outcome.kind is OutcomeKind.FINISHED
    assert json.loads(outcome.result) == {"hello": "Ada", "ä": [1, None]}
    assert 0 <= outcome.run_seconds < 5


def test_returning_nothing_is_no_result() -> None:
    assert _run(lambda _payload: None).result == ""


def test_a_handler_takes_as_much_as_it_wants() -> None:
    assert _run(lambda: "none").result == '"none"'
    assert _run(lambda payload: payload["name"]).result == '"Ada"'
    assert _run(lambda payload, ctx: [payload["name"], ctx.job_id]).result == '["Ada","a"]'


def test_a_method_of_a_worker_is_bound_to_its_instance() -> None:
    class Greeter:
        word = "hello"

        def greet(self, payload: dict[str, str], ctx: JobContext) -> str:
            return f"{self.word} {payload['name']} {ctx.attempt}"

    prepared = attempt.prepare(JobType("greet", Greeter.greet), Greeter())
    outcome = attempt.run(prepared, _job({"name": "Ada"}), JobContext("a", "greet", 1))

    assert outcome.result == '"hello Ada 1"'


def test_a_payload_comes_as_its_model() -> None:
    outcome = _run(lambda greeting: [greeting.name, greeting.times], model=Greeting)

    assert outcome.result == '["Ada",1]'


def test_a_payload_that_does_not_fit_fails_for_good_without_repeating_it() -> None:
    outcome = _run(lambda greeting: 1, _job({"name": {"secret": "hunter2"}}), Greeting)

    assert outcome.kind is OutcomeKind.FAILED
    assert outcome.error is not None
    assert outcome.error.reason == "payload_refused"
    assert outcome.error.message == "name: Input should be a valid string"


@pytest.mark.parametrize(
    ("raised", "kind", "reason"),
    [
        (ValueError("no"), OutcomeKind.RETRIED, "exception"),
        (PermanentFailure("no"), OutcomeKind.FAILED, "permanent_failure"),
        (RetryLater("busy", delay=5), OutcomeKind.RETRIED, "retry_later"),
        (Snooze(5), OutcomeKind.SNOOZED, "snoozed"),
        (TimeLimitReached(), OutcomeKind.RETRIED, "timeout"),
        (HardLimitReached("x"), OutcomeKind.RETRIED, "timeout"),
        (MemoryError(), OutcomeKind.RETRIED, "memory"),
        (SystemExit(3), OutcomeKind.RETRIED, "exception"),
        (KeyboardInterrupt(), OutcomeKind.RETRIED, "exception"),
        (GeneratorExit(), OutcomeKind.RETRIED, "exception"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else str(value),
)
def test_whatever_is_raised_is_the_jobs_and_becomes_an_outcome(
    raised: BaseException, kind: OutcomeKind, reason: str
) -> None:
    outcome = _run(_raises(raised))

    assert outcome.kind is kind
    assert outcome.error is not None
    assert (outcome.error.reason, outcome.error.error) == (reason, type(raised).__name__)
    assert "in handler" in outcome.error.traceback


@pytest.mark.parametrize(
    ("canceled", "kind"), [(True, OutcomeKind.CANCELED), (False, OutcomeKind.RELEASED)]
)
def test_a_stopped_job_is_canceled_if_somebody_asked_and_given_back_if_not(
    canceled: bool, kind: OutcomeKind
) -> None:
    outcome = _run(_raises(StopRequested()), canceled=canceled)

    assert outcome.kind is kind


def test_the_policy_is_the_one_fixed_at_enqueue() -> None:
    options = b'{"retry_delays":[7,8],"jitter":0}'

    outcome = _run(_raises(ValueError()), _job(options=options, failures=1, max_attempts=5))

    assert (outcome.kind, outcome.delay) == (OutcomeKind.RETRIED, 8)


def test_the_last_attempt_fails() -> None:
    outcome = _run(_raises(ValueError()), _job(failures=2, max_attempts=3))

    assert outcome.kind is OutcomeKind.FAILED


def test_a_job_without_retries_fails_the_first_time() -> None:
    assert _run(_raises(ValueError()), _job(max_attempts=1)).kind is OutcomeKind.FAILED


def test_jitter_spreads_the_delay() -> None:
    options = b'{"retry_delays":[100]}'

    delays = {_run(_raises(ValueError()), _job(options=options)).delay for _ in range(20)}

    assert len(delays) > 10
    assert all(90 <= delay <= 110 for delay in delays)


def test_local_values_never_reach_the_traceback() -> None:
    def handler(payload: dict[str, str]) -> None:
        password = payload["name"] + "-hunter2"
        assert password
        raise ValueError("no")

    outcome = _run(handler)

    assert outcome.error is not None
    assert "hunter2" not in outcome.error.traceback.replace('"-hunter2"', "")


def test_what_is_kept_of_an_error_is_bounded() -> None:
    outcome = _run(_raises(ValueError("x" * 1_000_000)))

    assert outcome.error is not None
    assert len(outcome.error.message) == 2000
    assert len(outcome.error.traceback) <= 16 * 1024


def test_an_exception_without_words_is_called_by_its_name() -> None:
    outcome = _run(_raises(ValueError()))

    assert outcome.error is not None
    assert outcome.error.message == "ValueError"


def test_a_job_without_a_time_limit_has_no_hard_one() -> None:
    assert hard_timeout(_job(timeout=0.0), 10) == 0
    assert hard_timeout(_job(timeout=5.0), 10) == 15


class Wordless(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


def test_an_exception_whose_text_cannot_be_made_is_retried_like_any_other() -> None:
    outcome = _run(_raises(Wordless()))

    assert outcome.kind is OutcomeKind.RETRIED
    assert outcome.error is not None
    assert (outcome.error.error, outcome.error.message) == ("Wordless", "(its text cannot be made)")


def test_what_cannot_be_decided_fails_the_job_and_never_its_slot() -> None:
    outcome = _run(_raises(ValueError("no")), _job(options=b"no JSON"))

    assert outcome.kind is OutcomeKind.FAILED
    assert outcome.error is not None
    assert (outcome.error.reason, outcome.error.error) == ("outcome_unsendable", "JSONDecodeError")


def test_a_deep_trace_shows_where_it_happened() -> None:
    def dig(depth: int) -> None:
        if depth == 0:
            raise ValueError("at the bottom")
        dig(depth - 1)

    outcome = _run(lambda: dig(100))

    assert outcome.error is not None
    assert 'raise ValueError("at the bottom")' in outcome.error.traceback


def test_a_payload_that_does_not_fit_is_not_repeated_in_the_traceback() -> None:
    outcome = _run(lambda greeting: 1, _job({"name": {"secret": "hunter2"}}), Greeting)

    assert outcome.error is not None
    assert "hunter2" not in outcome.error.traceback


def test_a_validation_error_of_the_handlers_own_making_is_retried_as_any_other() -> None:
    def handler(_payload: Any) -> None:
        Greeting.model_validate({"answer": "of another service"})

    assert _run(handler).kind is OutcomeKind.RETRIED


def test_a_handler_knows_its_environment_and_version() -> None:
    said = context_of(_job(options=b'{"environment": "staging", "version": 3}'), "w")
    unsaid = context_of(_job(), "w")

    assert (said.environment, said.version) == ("staging", 3)
    assert (unsaid.environment, unsaid.version) == ("", 1)
