"""Which jobs a filter takes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend.domain.jobs.attempts.outcome import AttemptError
from backend.domain.jobs.job import JobView
from backend.domain.jobs.job_filter import JobFilter
from backend.domain.jobs.job_state import JobState

BORN = datetime(2026, 11, 1, 12, tzinfo=UTC)
DIED = BORN + timedelta(minutes=5)
INSTANT = timedelta(microseconds=1)


def _job(**changes: Any) -> JobView:
    known = {
        "id": "j",
        "job_type": "send_email",
        "queue": "high:email",
        "state": JobState.FAILED,
        "payload": {},
        "attempt": 3,
        "max_attempts": 3,
        "worker": "w1",
        "error": AttemptError("exception", "SMTPError", "Mailbox is full", ""),
        "created_at": BORN,
        "ended_at": DIED,
        "options": {
            "tags": ["vip", "eu"],
            "tenant": "acme",
            "trace_id": "t",
            "context_id": "c",
            "environment": "staging",
        },
    }
    return JobView(**(known | changes))


@pytest.mark.parametrize(
    ("condition", "other"),
    [
        ({"job_type": "send_email"}, "send_sms"),
        ({"queue": "high:email"}, "high"),
        ({"tag": "eu"}, "e"),
        ({"tenant": "acme"}, "acm"),
        ({"trace_id": "t"}, "u"),
        ({"context_id": "c"}, "d"),
        ({"environment": "staging"}, "stage"),
        ({"worker": "w1"}, "w"),
        ({"error_kind": "SMTPError"}, "SMTP"),
        ({"error_text": "smtperror: mailbox"}, "timeout"),
        ({"error_text": "exception"}, "crash"),
        ({"accepted_since": BORN}, BORN + INSTANT),
        ({"accepted_until": BORN + INSTANT}, BORN),
        ({"died_after": DIED}, DIED + INSTANT),
        ({"died_before": DIED + INSTANT}, DIED),
    ],
    ids=lambda each: next(iter(each)) if isinstance(each, dict) else "",
)
def test_each_condition_takes_what_fits_and_nothing_else(
    condition: dict[str, Any], other: Any
) -> None:
    [name] = condition

    assert JobFilter(**condition).takes(_job())
    assert not JobFilter(**{name: other}).takes(_job())


def test_every_condition_given_must_hold() -> None:
    assert JobFilter(tag="vip", worker="w1").takes(_job())
    assert not JobFilter(tag="vip", worker="w2").takes(_job())


def test_a_job_without_error_labels_or_birth_is_taken_by_no_condition_on_them() -> None:
    bare = _job(error=None, options={}, created_at=None, worker="")

    assert JobFilter().takes(bare)
    for condition in (
        {"error_text": "e"},
        {"error_kind": "E"},
        {"tag": "vip"},
        {"accepted_since": BORN},
    ):
        assert not JobFilter(**condition).takes(bare)
