"""What the process log tells of attempts that did not finish."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from backend.domain.jobs.attempts.outcome import AttemptError, Outcome, OutcomeKind
from tests.unit.runtime.attempts import claimed
from workers.runtime.attempts.attempt_log import AttemptLog

_ERROR = AttemptError("exception", "ValueError", "no such order", "Traceback …")


def _told(kind: OutcomeKind, error: AttemptError | None = _ERROR, **fields: Any) -> list[Any]:
    job = claimed(attempt=2, options=b'{"trace_id":"abc"}')
    with capture_logs() as lines:
        AttemptLog().tell(job, Outcome(kind, error=error, run_seconds=0.12345, **fields))
    return lines


def test_a_retried_attempt_is_a_warning_with_when_it_comes_again() -> None:
    assert _told(OutcomeKind.RETRIED, delay=61.23456) == [
        {
            "event": "job.retried",
            "log_level": "warning",
            "job_id": "a",
            "job_type": "greet",
            "attempt": 2,
            "max_attempts": 3,
            "reason": "exception",
            "error": "ValueError: no such order",
            "run_seconds": 0.123,
            "again_in_seconds": 61.235,
            "trace_id": "abc",
        }
    ]


def test_a_dead_job_is_an_error_with_its_traceback() -> None:
    [line] = _told(OutcomeKind.FAILED)

    assert (line["event"], line["log_level"]) == ("job.died", "error")
    assert line["traceback"] == "Traceback …"


@pytest.mark.parametrize(
    "kind", [OutcomeKind.SNOOZED, OutcomeKind.RELEASED, OutcomeKind.RETURNED, OutcomeKind.CANCELED]
)
def test_what_is_no_trouble_is_not_told(kind: OutcomeKind) -> None:
    assert _told(kind) == []


def test_a_flood_of_one_kind_is_counted_and_others_are_told_beside_it() -> None:
    at = 100.0
    told = AttemptLog(lambda: at)
    other = AttemptError("exception", "KeyError", "k")

    with capture_logs() as lines:
        for _ in range(25):
            told.tell(claimed(), Outcome(OutcomeKind.FAILED, error=_ERROR))
        told.tell(claimed(), Outcome(OutcomeKind.FAILED, error=other))
        at += 1
        told.tell(claimed(), Outcome(OutcomeKind.FAILED, error=_ERROR))
        told.tell(claimed(), Outcome(OutcomeKind.FAILED, error=other))

    assert [line["error"] for line in lines].count("ValueError: no such order") == 11
    assert [line.get("suppressed") for line in lines] == [*[None] * 11, 15, None]


def test_names_without_end_take_no_memory_without_end() -> None:
    told = AttemptLog(lambda: 1.0)

    with capture_logs() as lines:
        for number in range(3000):
            error = AttemptError("exception", f"Error{number}", "")
            told.tell(claimed(), Outcome(OutcomeKind.FAILED, error=error))

    assert len(lines) == 3000
    assert len(told._told) <= 1000
