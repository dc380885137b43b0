"""Retry-After, wherever an exception has it."""

from __future__ import annotations

import urllib.error
from datetime import UTC, datetime
from email.message import Message
from types import SimpleNamespace

import pytest
from urllib3 import HTTPHeaderDict

from backend.domain.jobs.attempts.retry_after import retry_after, seconds_asked
from backend.domain.jobs.attempts.retry_rules import Failure

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


class Answered(Exception):
    """As requests and httpx raise it."""

    def __init__(self, header: str) -> None:
        super().__init__("429")
        self.response = SimpleNamespace(headers=HTTPHeaderDict({"retry-after": header}))


def _asked(raised: BaseException) -> float | None:
    return retry_after(Failure(raised, "id", "greet", 1, 1))


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("1.5", 1.5),
        ("Sat, 28 Nov 2026 12:00:30 GMT", 30.0),
        ("Sat, 28 Nov 2026 11:00:00 GMT", None),
        ("soon", None),
        ("", None),
        ("-5", None),
        ("٣", None),
    ],
)
def test_a_header_says_seconds_or_a_date(header: str, seconds: float | None) -> None:
    assert seconds_asked(header, NOW) == seconds


def test_clients_keep_it_with_their_response() -> None:
    assert _asked(Answered("7")) == 7.0


def test_urllib_keeps_it_on_the_error() -> None:
    headers = Message()
    headers["Retry-After"] = "9"

    assert _asked(urllib.error.HTTPError("http://x", 429, "slow", headers, None)) == 9.0


def test_of_a_group_the_longest_wait_holds() -> None:
    assert _asked(ExceptionGroup("two", [Answered("7"), Answered("11"), ValueError()])) == 11.0


def test_an_error_without_one_is_left_to_the_policy() -> None:
    assert _asked(ValueError("no")) is None


def test_nobody_waits_longer_than_a_job_may() -> None:
    assert _asked(Answered("999999999999")) == 31_622_400
