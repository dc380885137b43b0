"""Webhooks to receivers that lead elsewhere, answer slowly, or never stop: limits hold, walls stand."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier

from backend.domain.errors import PermanentFailure, RetryLater
from tests.integration.workers.receivers import Received
from tests.integration.workers.test_sending_webhooks import NEW, Start, StartRaw, reaching, send
from tests.workers_at_work import Settings, context
from workers import webhook_worker
from workers.webhook_worker import WebhookWorker
from workers.webhooks import connection
from workers.webhooks.connection import Limits


def redirecting(
    location: str, status: int = 307
) -> Callable[[Received], tuple[int, dict[str, str], bytes]]:
    def answer(request: Received) -> tuple[int, dict[str, str], bytes]:
        return (200, {}, b"") if request.path == "/new" else (status, {"Location": location}, b"")

    return answer


@pytest.mark.parametrize("status", [307, 308])
def test_redirects_are_followed_where_allowed(
    settings: Settings, start_receiver: Start, status: int
) -> None:
    receiver = start_receiver(answer=redirecting("/new", status))

    result = send(reaching(settings, redirects=1), receiver.url(), body={"a": 1})

    first, second = receiver.requests
    assert result["status"] == 200
    assert (second.path, second.body) == ("/new", first.body)
    Verifier(NEW).verify(second.body, second.headers)


def test_no_more_redirects_are_followed_than_allowed(
    settings: Settings, start_receiver: Start
) -> None:
    receiver = start_receiver(answer=lambda _request: (307, {"Location": "/hook"}, b""))

    with pytest.raises(PermanentFailure) as failure:
        send(reaching(settings, redirects=2), receiver.url())

    assert str(failure.value) == (
        f"http://127.0.0.1:{receiver.port} answered 307 Temporary Redirect; no more than 2 redirects are "
        "followed (webhook.redirects): send to the new address, or look for a loop"
    )

    assert len(receiver.requests) == 3


def test_another_receiver_gets_no_private_headers(
    settings: Settings, start_receiver: Start
) -> None:
    other = start_receiver()
    receiver = start_receiver(answer=redirecting(other.url("/new")))

    send(reaching(settings, redirects=1), receiver.url(), headers={"Authorization": "Bearer abc"})

    assert "authorization" in receiver.requests[0].headers
    assert "authorization" not in other.requests[0].headers


INWARDS = [
    "http://10.0.0.1/", "http://169.254.169.254/latest/meta-data", "http://[::1]/", "http://[fd00::1]/",
    "file:///etc/passwd", "gopher://127.0.0.1/", "//10.0.0.1/x", "http://user@127.0.0.1/", "ftp://127.0.0.1/",
    "http://2130706433/", "http://0x7f.1/", "\\\\10.0.0.1\\x", "http://[64:ff9b::a00:1]/",
]  # fmt: skip


@pytest.mark.parametrize("location", INWARDS)
def test_a_redirect_leads_nowhere_that_a_webhook_may_not_go(
    settings: Settings, start_receiver: Start, location: str
) -> None:
    receiver = start_receiver(answer=redirecting(location))

    with pytest.raises(PermanentFailure):
        send(reaching(settings, redirects=3), receiver.url())

    assert len(receiver.requests) == 1


def test_a_name_is_looked_up_once_and_the_checked_address_is_used(
    settings: Settings, start_receiver: Start
) -> None:
    receiver = start_receiver()
    lookups: list[str] = []

    def rebinding(host: str, _port: int) -> list[str]:
        lookups.append(host)
        return ["127.0.0.1"] if len(lookups) == 1 else ["10.255.255.1"]

    worker = WebhookWorker(reaching(settings))
    worker.sender._resolve = rebinding
    worker.send_webhook(webhook_worker.Webhook(url=receiver.url(host="rebind.example")), context())

    assert lookups == ["rebind.example"]
    assert receiver.requests[0].headers["host"] == f"rebind.example:{receiver.port}"


def test_one_forbidden_address_among_several_is_enough(
    settings: Settings, start_receiver: Start
) -> None:
    receiver = start_receiver()
    worker = WebhookWorker(reaching(settings, allowed_networks=()))
    worker.sender._resolve = lambda _host, _port: ["93.184.215.14", "127.0.0.1"]

    with pytest.raises(PermanentFailure, match=r"127\.0\.0\.1 is not a public address"):
        worker.send_webhook(
            webhook_worker.Webhook(url=receiver.url(host="mixed.example")), context()
        )

    assert receiver.requests == []


def test_the_next_address_is_tried_when_one_does_not_answer(
    settings: Settings, start_receiver: Start
) -> None:
    receiver = start_receiver()
    worker = WebhookWorker(reaching(settings, connect_seconds=0.3))
    worker.sender._resolve = lambda _host, _port: ["127.0.0.9", "127.0.0.1"]

    worker.send_webhook(webhook_worker.Webhook(url=receiver.url(host="two.example")), context())

    assert len(receiver.requests) == 1


def test_a_slow_name_server_is_not_waited_for(settings: Settings) -> None:
    worker = WebhookWorker(reaching(settings, lookup_seconds=0.1))
    ended = threading.Event()
    worker.sender._resolve = lambda _host, _port: [str(ended.wait())]

    with pytest.raises(RetryLater, match=r"slow\.example was not found within 0\.1 s"):
        worker.send_webhook(webhook_worker.Webhook(url="http://slow.example/"), context())

    ended.set()


def test_a_name_that_nobody_knows_is_tried_again(settings: Settings) -> None:
    with pytest.raises(RetryLater, match=r"nobody\.invalid cannot be looked up"):
        send(reaching(settings), "http://nobody.invalid/")


def test_a_receiver_that_is_away_is_tried_again(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]

    with pytest.raises(RetryLater, match=f"127.0.0.1:{port} gave no answer"):
        send(reaching(settings), f"http://127.0.0.1:{port}/")


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"


def forever(chunk: bytes, pause: float = 0.0) -> Callable[[socket.socket, threading.Event], None]:
    def deed(connection: socket.socket, ended: threading.Event) -> None:
        while not ended.wait(pause):
            connection.sendall(chunk)

    return deed


def saying(
    text: bytes, then: Callable[[socket.socket, threading.Event], Any] | None = None
) -> Callable[[socket.socket, threading.Event], None]:
    def deed(connection: socket.socket, ended: threading.Event) -> None:
        connection.sendall(text)
        if then:
            then(connection, ended)

    return deed


def hang(_connection: socket.socket, ended: threading.Event) -> None:
    """For as long as the test lasts: who waited for it would wait for ever."""
    ended.wait()


def reset(connection: socket.socket, _ended: threading.Event) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()


UNANSWERED = {
    "it never answers": hang,
    "it answers a byte at a time": forever(b"H", 0.02),
    "it sends the status a byte at a time": saying(b"HTTP/1.1 2", forever(b"0", 0.02)),
    "it sends headers a byte at a time": saying(b"HTTP/1.1 200 OK\r\nX: ", forever(b"y", 0.02)),
    "it says continue for ever": forever(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "it resets the connection": reset,
    "it closes without a word": lambda _connection, _ended: None,
    "it speaks another protocol": saying(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "it sends a status that is none": saying(b"HTTP/1.1 abc OK\r\n\r\n"),
    "its header line never ends": saying(b"HTTP/1.1 200 OK\r\nX: ", forever(b"y" * 4096)),
}
ANSWERED = {
    "its body never ends": saying(HEAD + b"\r\n", forever(b"z" * 4096)),
    "its body comes a byte at a time": saying(HEAD + b"\r\n", forever(b"z", 0.02)),
    "its body stops half way": saying(HEAD + b"Content-Length: 100\r\n\r\nhalf", hang),
    "it promises more than it sends": saying(HEAD + b"Content-Length: 99999999999\r\n\r\nhalf"),
    "it gives early hints": saying(
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
        + HEAD
        + b"Content-Length: 2\r\n\r\nok"
    ),
    "its chunks are broken": saying(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhalf\r\n"),
    "it says that the body is compressed": saying(
        HEAD + b"Content-Encoding: gzip\r\nContent-Length: 10\r\n\r\n\x1f\x8b\x08\0\0\0\0\0\0\0"
    ),
}


def test_nothing_that_a_receiver_says_reaches_a_terminal_as_it_is(
    settings: Settings, start_raw_receiver: StartRaw
) -> None:
    receiver = start_raw_receiver(saying(b"\x1b]0;owned\x07\x1b[2J\xe2\x80\xaeFINISHED\r\n\r\n"))

    with pytest.raises(RetryLater) as failure:
        send(reaching(settings), receiver.url())

    assert str(failure.value) == (
        f"http://127.0.0.1:{receiver.port} gave no answer: BadStatusLine: ]0;owned [2Jâ ®FINISHED"
    )


def test_a_redirect_that_cannot_be_read_is_told_as_the_receiver_s(
    settings: Settings, start_receiver: Start
) -> None:
    receiver = start_receiver(answer=redirecting("ftp://else.example/"))

    with pytest.raises(PermanentFailure) as failure:
        send(reaching(settings, redirects=1), receiver.url())

    assert str(failure.value) == (
        f"http://127.0.0.1:{receiver.port} redirects to where webhooks may not go: the URL must begin "
        "with https:// (or http:// where that is allowed)"
    )


@pytest.mark.parametrize("deed", UNANSWERED.values(), ids=UNANSWERED.keys())
def test_without_an_answer_in_time_it_is_tried_again(
    settings: Settings, start_raw_receiver: StartRaw, deed: Any
) -> None:
    receiver = start_raw_receiver(deed)

    with pytest.raises(RetryLater, match="gave no answer"):
        send(reaching(settings, total_seconds=0.6), receiver.url())


@pytest.mark.parametrize("deed", ANSWERED.values(), ids=ANSWERED.keys())
def test_once_the_status_is_known_the_rest_changes_nothing(
    settings: Settings, start_raw_receiver: StartRaw, deed: Any
) -> None:
    receiver = start_raw_receiver(deed)

    result = send(reaching(settings, total_seconds=60), receiver.url())

    assert result["status"] == 200
    assert len(result["answer"]) <= 256


@pytest.mark.parametrize("then", [hang, forever(b"z", 0.02)], ids=["silent", "slow"])
def test_the_rest_of_an_answer_is_waited_for_a_moment_only(
    settings: Settings, start_raw_receiver: StartRaw, monkeypatch: pytest.MonkeyPatch, then: Any
) -> None:
    """Its slot is wanted by others."""
    waits: list[float] = []
    left = Limits.left

    def told(limits: Limits, most: float = float("inf")) -> float:
        waits.append(left(limits, most))
        return waits[-1]

    monkeypatch.setattr(Limits, "left", told)
    receiver = start_raw_receiver(saying(HEAD + b"Content-Length: 100\r\n\r\nhalf", then))

    result = send(reaching(settings, total_seconds=8), receiver.url())

    assert (result["status"], result["answer"][:4]) == (200, "half")
    assert waits[-1] <= connection._BODY_SECONDS
