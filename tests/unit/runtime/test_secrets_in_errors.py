"""Error texts, tracebacks and log lines of an attempt hold no secret of its payload."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backend.domain.jobs.attempts.outcome import Outcome
from backend.domain.jobs.job_type import JobType
from tests.unit.runtime.attempts import claimed
from workers.base_worker import JobContext
from workers.runtime.attempts import attempt

PAYLOAD = {"user": "ada", "auth": {"key": "k-9f8e7d6c", "pin": 4711}, "short": "abc"}


def failed(handler: Any, secret_fields: tuple[str, ...] = ("auth", "short")) -> Outcome:
    kind = JobType("greet", handler, secret_fields=frozenset(secret_fields))
    return attempt.run(attempt.prepare(kind, None), claimed(PAYLOAD), JobContext("a", "greet", 1))


def test_a_secret_of_the_payload_is_masked_wherever_an_error_repeats_it() -> None:
    def handler(payload: dict[str, Any]) -> None:
        try:
            {}[payload["auth"]["key"]]
        except KeyError as error:
            raise ValueError(f"refused {payload['user']} with {payload['auth']}, abc") from error

    outcome = failed(handler)

    assert outcome.error is not None
    # What is shorter than four characters hides nothing when it is hidden, and much else.
    assert outcome.error.message == ("refused ada with {'key': '[hidden]', 'pin': [hidden]}, abc")
    assert "[hidden]" in outcome.error.traceback
    for secret in ("k-9f8e7d6c", "4711"):
        assert secret not in outcome.error.message + outcome.error.traceback


def test_log_lines_that_are_kept_are_masked_too() -> None:
    def handler(payload: dict[str, Any], context: JobContext) -> None:
        context.log.info(f"signing in with {payload['auth']['key']}", pin=payload["auth"]["pin"])

    outcome = failed(handler)

    assert json.loads(outcome.log)[0][2] == "signing in with [hidden] pin=[hidden]"


CREDENTIALS = [
    ("postgres://u:p4ss@db/x refused", "postgres://[hidden]@db/x refused"),
    ("auth failed for api_key=9f8e7d6c at host", "auth failed for api_key=[hidden] at host"),
    ('{"password": "hunter2", "user": "ada"}', '{"password": [hidden], "user": "ada"}'),
    ("GET /?access_token=abcd&x=1", "GET /?access_token=[hidden]&x=1"),
    ("Authorization: Bearer abc.def", "Authorization: Bearer [hidden]"),
    ("unexpected token: }", "unexpected token: }"),
    ("the secret of success", "the secret of success"),
]


@pytest.mark.parametrize(("said", "kept"), CREDENTIALS)
def test_what_looks_like_a_credential_is_masked(said: str, kept: str) -> None:
    def handler(_payload: Any) -> None:
        raise ValueError(said)

    outcome = failed(handler, ())

    assert outcome.error is not None
    assert outcome.error.message == kept
    assert outcome.error.traceback.endswith(f"ValueError: {kept}\n")
