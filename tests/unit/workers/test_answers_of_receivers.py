"""Which answers of a receiver count for its breaker, and what it asks for."""

from __future__ import annotations

import pytest
from urllib3 import HTTPHeaderDict

from backend.domain.errors import JobSignal, PermanentFailure, RetryLater, Unreachable
from workers.mail.outcome_unknown import OutcomeUnknown
from workers.mail.smtp_connection import MailServerUnusable
from workers.webhooks.connection import Answer
from workers.webhooks.outcome import failure_of


def _failure(status: int, **headers: str) -> JobSignal:
    answer = Answer(status, HTTPHeaderDict(headers), b"")
    found = failure_of(answer, origin="https://a.example", redirects=0, longest_wait=600)
    assert found is not None
    return found


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 599])
def test_a_receiver_that_cannot_answer_now_was_not_reached(status: int) -> None:
    assert type(_failure(status)) is Unreachable


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, PermanentFailure),
        (404, PermanentFailure),
        (410, PermanentFailure),
        (425, RetryLater),
        (301, PermanentFailure),
    ],
)
def test_a_refusal_is_an_answer(status: int, kind: type[JobSignal]) -> None:
    assert type(_failure(status)) is kind


def test_what_it_asks_for_is_told_to_its_breaker_and_holds_for_the_job() -> None:
    found = _failure(429, **{"Retry-After": "30"})

    assert isinstance(found, Unreachable)
    assert (found.retry_after, found.delay) == (30.0, 30.0)


def test_a_mail_server_that_nobody_can_hand_a_mail_to_is_not_reached() -> None:
    assert issubclass(MailServerUnusable, Unreachable)


def test_a_mail_server_that_had_all_of_a_mail_was_reached() -> None:
    assert not issubclass(OutcomeUnknown, Unreachable)
