"""Whether an attempt reached its destination: who refuses was heard, who is silent or overrun was not."""

from __future__ import annotations

import email.message
import errno
import math
import smtplib
import socket
import urllib.error
from typing import Any

import pytest

from backend.domain.errors import PermanentFailure, RetryLater, Snooze, Unreachable
from backend.domain.jobs.attempts.reachability import unreached
from backend.domain.jobs.options.breaker import Breaker
from workers.base_worker import TimeLimitReached


class _Answer:
    def __init__(self, status: int, **headers: str) -> None:
        self.status_code, self.headers = status, headers


class _HttpFailure(Exception):
    """As requests and httpx raise it."""

    def __init__(self, status: int, **headers: str) -> None:
        super().__init__(f"status {status}")
        self.response = _Answer(status, **headers)


def _foreign(package: str, name: str) -> BaseException:
    kind = type(name, (Exception,), {"__module__": f"{package}.exceptions"})
    return type("Inner", (kind,), {"__module__": f"{package}.deep"})("no")


def _urllib(code: int) -> urllib.error.HTTPError:
    return urllib.error.HTTPError("https://x", code, "no", email.message.Message(), None)


@pytest.mark.parametrize(
    "raised",
    [
        Unreachable("away"),
        ConnectionRefusedError("no"),
        ConnectionResetError("no"),
        BrokenPipeError("no"),
        TimeoutError("too long"),
        TimeLimitReached("60 s"),
        socket.gaierror(-2, "Name or service not known"),
        OSError(errno.EHOSTUNREACH, "No route to host"),
        smtplib.SMTPServerDisconnected("gone"),
        urllib.error.URLError(ConnectionRefusedError("no")),
        _urllib(503),
        _HttpFailure(500),
        _HttpFailure(429),
        _foreign("requests", "ConnectionError"),
        _foreign("requests", "Timeout"),
        _foreign("httpx", "TransportError"),
        _foreign("aiohttp", "ClientConnectionError"),
        ExceptionGroup("several", [ValueError("no"), ConnectionRefusedError("no")]),
    ],
    ids=repr,
)
def test_silence_is_no_answer(raised: BaseException) -> None:
    assert unreached(raised, Breaker()) is not None


@pytest.mark.parametrize(
    "raised",
    [
        PermanentFailure("gone"),
        RetryLater("busy"),
        Snooze(5),
        ValueError("a fault of the handler's own"),
        FileNotFoundError("no such file"),
        _HttpFailure(404),
        _HttpFailure(422),
        _urllib(400),
        urllib.error.URLError("unknown url type"),
        _foreign("elsewhere", "ConnectError"),
    ],
    ids=repr,
)
def test_a_refusal_and_whatever_else_is_one(raised: BaseException) -> None:
    assert unreached(raised, Breaker()) is None


def test_an_author_may_name_exceptions_that_count() -> None:
    assert unreached(KeyError("x"), Breaker(on=(LookupError,))) is not None


@pytest.mark.parametrize(
    ("raised", "seconds"),
    [
        (Unreachable("later", retry_after=40.0), 40.0),
        (Unreachable("later"), 0.0),
        (_HttpFailure(429, **{"Retry-After": "30"}), 30.0),
        (_HttpFailure(503, **{"Retry-After": "7"}), 7.0),
        (_HttpFailure(503, **{"Retry-After": "999999999999"}), 86_400.0),
        (Unreachable("until the year 9999", retry_after=2.5e11), 86_400.0),
        (Unreachable("until some time ago", delay=1.0, retry_after=-5.0), 0.0),
        (Unreachable("until when?", delay=1.0, retry_after=math.nan), 0.0),
        (Unreachable("until when?", delay=1.0, retry_after="60"), 0.0),  # type: ignore[arg-type]
        (
            ExceptionGroup(
                "", [Unreachable("a", retry_after=math.nan), Unreachable("b", retry_after=9.0)]
            ),
            9.0,
        ),
    ],
)
def test_how_long_it_wants_to_be_left_alone_is_told(raised: BaseException, seconds: float) -> None:
    told = unreached(raised, Breaker())

    assert told is not None
    assert told.retry_after == seconds


def test_what_is_told_is_one_short_line_and_the_numbers_of_the_breaker() -> None:
    told = unreached(ConnectionError("a\nb\x1fc" + "x" * 500), Breaker(failures=9))

    assert told is not None
    assert told.rule == Breaker(failures=9).text
    assert told.words.startswith("ConnectionError: a b c")
    assert len(told.words) == 200
    assert told.words.isprintable()


def test_an_answer_to_one_part_of_a_group_hides_no_silence_of_another() -> None:
    group: Any = ExceptionGroup("both", [_HttpFailure(404), _HttpFailure(503)])

    assert unreached(group, Breaker()) is not None


def test_it_may_ask_for_as_long_as_its_author_lets_it_rest() -> None:
    told = unreached(Unreachable("later", retry_after=1e9), Breaker(longest_rest=200_000.0))

    assert told is not None
    assert told.retry_after == 200_000.0
