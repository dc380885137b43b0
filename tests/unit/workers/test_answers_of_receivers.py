"""Which answers of a receiver count for its breaker, and what it asks for."""

from __future__ import annotations

import socket
import threading

import pytest
from urllib3 import HTTPHeaderDict

from backend.domain.errors import JobSignal, PermanentFailure, RetryLater, Unreachable
from backend.domain.text.web_target import read_target
from workers.mail.outcome_unknown import OutcomeUnknown
from workers.mail.smtp_connection import MailServerUnusable
from workers.webhooks.address_rules import AddressRules
from workers.webhooks.connection import Answer
from workers.webhooks.lookup import Resolver, checked_addresses
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


def _look_up(resolve: Resolver, seconds: float = 60) -> None:
    checked_addresses(read_target("https://a.example/"), AddressRules((), ()), resolve, seconds)


@pytest.mark.parametrize(
    "raised",
    [
        socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
        socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"),
        UnicodeError("label too long"),
    ],
    ids=repr,
)
def test_a_receiver_that_cannot_be_looked_up_was_not_reached(raised: Exception) -> None:
    def fails(_host: str, _port: int) -> list[str]:
        raise raised

    with pytest.raises(Unreachable, match=r"a\.example cannot be looked up"):
        _look_up(fails)


def test_a_receiver_without_an_address_was_not_reached() -> None:
    with pytest.raises(Unreachable, match=r"a\.example was not found"):
        _look_up(lambda _host, _port: [])


def test_a_receiver_that_is_looked_up_too_slowly_was_not_reached() -> None:
    ended = threading.Event()
    try:
        with pytest.raises(Unreachable, match=r"a\.example was not found within 0\.1 s"):
            _look_up(lambda _host, _port: [str(ended.wait())], 0.1)
    finally:
        ended.set()


def test_a_mail_server_that_nobody_can_hand_a_mail_to_is_not_reached() -> None:
    assert issubclass(MailServerUnusable, Unreachable)


def test_a_mail_server_that_had_all_of_a_mail_was_reached() -> None:
    assert not issubclass(OutcomeUnknown, Unreachable)
