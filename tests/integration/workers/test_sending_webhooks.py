"""Webhooks to real receivers: signed, encrypted, answered well or badly, pinned, redirected or not."""

from __future__ import annotations

import base64
import json
import ssl
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from backend.api.config.worker_settings import WebhookSettings
from backend.domain.errors import PermanentFailure, RetryLater
from backend.domain.jobs.options.trace_parent import trace_id_in
from tests.integration.workers.receivers import RawReceiver, Receiver
from tests.workers_at_work import AtWork, Settings, context
from workers import webhook_worker
from workers.webhook_worker import WebhookWorker

OLD, NEW = ("whsec_" + base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2))
OPEN = {
    "secrets": {"default": [NEW, OLD], "other": OLD}, "allow_http": True, "ports": (),
    "allowed_networks": ("127.0.0.0/8",),
}  # fmt: skip
Start = Callable[..., Receiver]
StartRaw = Callable[..., RawReceiver]


def reaching(settings: Settings, **values: Any) -> Settings:
    return settings.but(webhook=WebhookSettings(**{**OPEN, **values}))


def send(settings: Settings, url: str, *, job_id: str = "job-1", **payload: Any) -> dict[str, Any]:
    with AtWork(webhook_worker, settings) as worker:
        result: dict[str, Any] = worker.run(
            "send_webhook", {"url": url, **payload}, context(job_id)
        )
        return result


def test_a_receiver_can_verify_what_it_gets(settings: Settings, start_receiver: Start) -> None:
    receiver = start_receiver()
    body = {"event": "user.created", "name": "Zoë", "n": [1, 2.5, None]}

    result = send(reaching(settings), receiver.url("/hook?x=1"), job_id="job-7", body=body)

    (request,) = receiver.requests
    assert Verifier(NEW).verify(request.body, request.headers) == body
    assert request.path == "/hook?x=1"
    assert request.headers["webhook-id"] == request.headers["idempotency-key"] == "job-7"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert "cookie" not in request.headers
    assert result["status"] == 200
    assert result["answer"] == "ok"
    assert result["bytes_sent"] == len(request.body)


@pytest.mark.parametrize(
    ("trace_id", "sent"), [("a" * 32, f"00-{'a' * 32}-"), ("", None), ("my own words", None)]
)
def test_a_trace_goes_on_at_the_receiver(
    settings: Settings, start_receiver: Start, trace_id: str, sent: str | None
) -> None:
    receiver = start_receiver()
    about = context("job-7")
    about.trace_id = trace_id

    with AtWork(webhook_worker, reaching(settings)) as worker:
        worker.run("send_webhook", {"url": receiver.url()}, about)

    (request,) = receiver.requests
    found = request.headers.get("traceparent")
    assert trace_id_in(found or "") == (trace_id if sent else "")
    assert found is None or (sent and found.startswith(sent) and found.endswith("-01"))


def test_the_span_that_asked_goes_on_whole(settings: Settings, start_receiver: Start) -> None:
    receiver = start_receiver()
    about = context("job-7")
    about.trace_id = "a" * 32
    about.traceparent, about.tracestate = f"00-{'a' * 32}-{'b' * 16}-00", "vendor=1"

    with AtWork(webhook_worker, reaching(settings)) as worker:
        worker.run("send_webhook", {"url": receiver.url()}, about)

    (request,) = receiver.requests
    assert request.headers["traceparent"] == about.traceparent
    assert request.headers["tracestate"] == "vendor=1"


def test_while_a_secret_is_changed_both_verify(settings: Settings, start_receiver: Start) -> None:
    receiver = start_receiver()

    send(reaching(settings), receiver.url())
    send(reaching(settings), receiver.url(), secret="other")

    both, old_only = receiver.requests
    Verifier(NEW).verify(both.body, both.headers)
    Verifier(OLD).verify(both.body, both.headers)
    Verifier(OLD).verify(old_only.body, old_only.headers)
    with pytest.raises(WebhookVerificationError):
        Verifier(NEW).verify(old_only.body, old_only.headers)


@pytest.mark.parametrize("part", ["body", "webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_changed_part_does_not_verify(
    settings: Settings, start_receiver: Start, part: str
) -> None:
    receiver = start_receiver()
    send(reaching(settings), receiver.url(), body={"amount": 1})
    (request,) = receiver.requests
    body, headers = request.body, dict(request.headers)
    if part == "body":
        body = body.replace(b"1", b"2")
    else:
        headers[part] = headers[part][:-3] + ("AAA" if part == "webhook-signature" else "999")

    if part == "webhook-signature":
        headers[part] = headers[part].split()[0][:-4] + "AAA="
    with pytest.raises(WebhookVerificationError):
        Verifier(NEW).verify(body, headers)


def test_every_attempt_has_the_same_id_and_its_own_signature(
    settings: Settings, start_receiver: Start
) -> None:
    receiver = start_receiver()

    for _ in range(2):
        send(reaching(settings), receiver.url(), job_id="job-7")

    assert [request.headers["webhook-id"] for request in receiver.requests] == ["job-7"] * 2
    for request in receiver.requests:
        Verifier(NEW).verify(request.body, request.headers)


def test_headers_of_the_job_go_along(settings: Settings, start_receiver: Start) -> None:
    receiver = start_receiver()

    send(
        reaching(settings), receiver.url(), headers={"Authorization": "Bearer abc", "X-Team": "a b"}
    )

    assert receiver.requests[0].headers["authorization"] == "Bearer abc"
    assert receiver.requests[0].headers["x-team"] == "a b"


def test_an_encrypted_receiver_is_reached_by_name(
    settings: Settings, start_receiver: Start, server_tls: ssl.SSLContext, certificates: Path
) -> None:
    receiver = start_receiver(tls=server_tls)

    result = send(
        reaching(settings, ca_file=certificates, allow_http=False), receiver.url(host="localhost")
    )

    assert result["receiver"] == f"https://localhost:{receiver.port}"
    assert receiver.requests[0].headers["host"] == f"localhost:{receiver.port}"


def test_a_strange_certificate_gets_nothing(
    settings: Settings, start_receiver: Start, server_tls: ssl.SSLContext
) -> None:
    receiver = start_receiver(tls=server_tls)

    with pytest.raises(RetryLater) as failure:
        send(reaching(settings), receiver.url())

    assert str(failure.value) == (
        f"https://127.0.0.1:{receiver.port} cannot be trusted: unable to get local issuer certificate; "
        "webhook.ca_file names certificates to trust; nothing was sent"
    )
    assert receiver.requests == []


def test_an_expired_certificate_is_told_as_such(
    settings: Settings, start_receiver: Start, authority: trustme.CA, certificates: Path
) -> None:
    expired = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    authority.issue_cert("127.0.0.1", not_after=yesterday).configure_cert(expired)
    receiver = start_receiver(tls=expired)

    with pytest.raises(RetryLater) as failure:
        send(reaching(settings, ca_file=certificates), receiver.url())

    assert str(failure.value) == (
        f"https://127.0.0.1:{receiver.port} cannot be trusted: certificate has expired; nothing was sent"
    )


def test_a_receiver_that_only_speaks_old_tls_is_told_as_such(
    settings: Settings, start_receiver: Start, authority: trustme.CA, certificates: Path
) -> None:
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(old)
    old.set_ciphers("AES128-SHA256")
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    receiver = start_receiver(tls=old)
    worker = WebhookWorker(reaching(settings, ca_file=certificates))
    worker.open()
    assert worker.sender._tls is not None
    worker.sender._tls.minimum_version = ssl.TLSVersion.TLSv1_3

    with pytest.raises(RetryLater) as failure:
        worker.send_webhook(webhook_worker.Webhook(url=receiver.url()), context())

    assert str(failure.value) == (
        f"https://127.0.0.1:{receiver.port} speaks no TLS that is good enough: "
        "TLSV1_ALERT_PROTOCOL_VERSION; nothing was sent"
    )


def test_a_certificate_for_another_name_gets_nothing(
    settings: Settings, start_receiver: Start, server_tls: ssl.SSLContext, certificates: Path
) -> None:
    receiver = start_receiver(tls=server_tls)
    worker = WebhookWorker(reaching(settings, ca_file=certificates))
    worker.sender._resolve = lambda _host, _port: ["127.0.0.1"]
    worker.open()

    with pytest.raises(RetryLater) as failure:
        worker.send_webhook(webhook_worker.Webhook(url=receiver.url(host="example.com")), context())

    assert str(failure.value) == (
        f"https://example.com:{receiver.port} cannot be trusted: Hostname mismatch, certificate is not "
        "valid for 'example.com'.; nothing was sent"
    )

    assert receiver.requests == []


ANSWERS: list[tuple[int, dict[str, str], type[Exception] | None, float | None]] = [
    (200, {}, None, None), (201, {}, None, None), (202, {}, None, None), (204, {}, None, None),
    (301, {"Location": "/x"}, PermanentFailure, None), (302, {"Location": "/x"}, PermanentFailure, None),
    (303, {"Location": "/x"}, PermanentFailure, None), (307, {"Location": "/x"}, PermanentFailure, None),
    (308, {"Location": "/x"}, PermanentFailure, None), (400, {}, PermanentFailure, None),
    (401, {}, PermanentFailure, None), (403, {}, PermanentFailure, None), (404, {}, PermanentFailure, None),
    (408, {}, RetryLater, None), (410, {}, PermanentFailure, None), (413, {}, PermanentFailure, None),
    (425, {}, RetryLater, None), (429, {}, RetryLater, None), (429, {"Retry-After": "7"}, RetryLater, 7),
    (429, {"Retry-After": "0"}, RetryLater, 1), (429, {"Retry-After": "1.5"}, RetryLater, 1.5),
    (429, {"Retry-After": "soon"}, RetryLater, None),
    (503, {"Retry-After": "999999999"}, RetryLater, 600), (503, {"Retry-After": "-5"}, RetryLater, None),
    (503, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, RetryLater, None), (500, {}, RetryLater, None),
    (502, {}, RetryLater, None), (504, {}, RetryLater, None), (599, {}, RetryLater, None),
    (600, {}, PermanentFailure, None),
]  # fmt: skip


@pytest.mark.parametrize(("status", "headers", "expected", "delay"), ANSWERS)
def test_an_answer_means_done_never_or_later(
    settings: Settings, start_receiver: Start, *, status: int, headers: dict[str, str],
    expected: type[Exception] | None, delay: float | None,
) -> None:  # fmt: skip
    receiver = start_receiver(answer=lambda _request: (status, headers, b""))
    settings = reaching(settings, retry_after_limit=600)

    if expected is None:
        assert send(settings, receiver.url())["status"] == status
        return
    with pytest.raises(expected, match=str(status)) as failure:
        send(settings, receiver.url())

    assert getattr(failure.value, "delay", None) == delay
    assert len(receiver.requests) == 1


WORDS = [
    (404, b"", "answered 404 Not Found"),
    (418, b"short and stout", "answered 418 I'm a Teapot: short and stout"),
    (499, b"", "answered 499"),
    (302, b"", (
        "answered 302 Found; such a redirect makes a GET of a POST and is not followed: send to the new "
        "address"
    )),
    (307, b"", (
        "answered 307 Temporary Redirect; redirects are not followed: send to the new address, or allow "
        "some with webhook.redirects"
    )),
    (410, b"", "answered 410 Gone; the receiver wants no more of these: take it off the list"),
    (503, b"busy", "answered 503 Service Unavailable: busy"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "words"), WORDS)
def test_what_went_wrong_is_told_in_one_sentence(
    settings: Settings, start_receiver: Start, status: int, body: bytes, words: str
) -> None:
    receiver = start_receiver(answer=lambda _request: (status, {"Location": "/x"}, body))

    with pytest.raises((RetryLater, PermanentFailure)) as failure:
        send(reaching(settings), receiver.url())

    assert str(failure.value) == f"http://127.0.0.1:{receiver.port} {words}"


def test_the_longest_of_two_waits_is_kept(settings: Settings, start_raw_receiver: StartRaw) -> None:
    head = b"HTTP/1.1 503 x\r\nRetry-After: 3\r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n"
    receiver = start_raw_receiver(lambda connection, _ended: connection.sendall(head))

    with pytest.raises(RetryLater) as failure:
        send(reaching(settings), receiver.url())

    assert failure.value.delay == 5


def test_a_date_to_come_back_at_is_kept(settings: Settings, start_receiver: Start) -> None:
    before = int(time.time())
    then = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(before + 120))
    receiver = start_receiver(answer=lambda _request: (503, {"Retry-After": then}, b"busy"))

    with pytest.raises(RetryLater) as failure:
        send(reaching(settings), receiver.url())

    assert before + 120 - time.time() <= failure.value.delay <= 120


def test_what_a_receiver_says_is_shown_short_and_harmless(
    settings: Settings, start_receiver: Start
) -> None:
    receiver = start_receiver(
        answer=lambda _request: (400, {}, b"bad\r\n\x1b[31m\x00" + b"y" * 9000)
    )

    with pytest.raises(PermanentFailure) as failure:
        send(reaching(settings), receiver.url("/secret-path"))

    assert "bad [31m yyy" in str(failure.value)
    assert str(failure.value).isprintable()
    assert len(str(failure.value)) < 320
    assert "secret-path" not in str(failure.value)


def test_a_test_run_touches_nothing_outside(settings: Settings, start_receiver: Start) -> None:
    receiver = start_receiver()

    with AtWork(webhook_worker, reaching(settings)) as worker:
        result = worker.run("send_webhook", {"url": receiver.url()}, context(is_test=True))

    assert result == {
        "status": None, "receiver": f"http://127.0.0.1:{receiver.port}", "answer": "test run: not sent"
    }  # fmt: skip
    assert receiver.requests == []


def test_proxies_of_the_environment_are_not_used(
    settings: Settings, start_receiver: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver, proxy = start_receiver(), start_receiver()
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.url("/"))

    send(reaching(settings), receiver.url())

    assert len(receiver.requests) == 1
    assert proxy.requests == []


def test_an_unknown_secret_is_named_with_the_nearest(settings: Settings) -> None:
    with pytest.raises(
        PermanentFailure, match=r"'othr', did you mean 'other'\?; add it to webhook.secrets"
    ):
        send(reaching(settings), "http://127.0.0.1:1/", secret="othr")


def test_without_a_default_secret_only_an_explicit_setting_lets_a_webhook_go_unsigned(
    settings: Settings, start_receiver: Start
) -> None:
    receiver = start_receiver()

    with pytest.raises(PermanentFailure, match="no signing secret 'default'"):
        send(reaching(settings, secrets={}), receiver.url())
    send(reaching(settings, secrets={}, allow_unsigned=True), receiver.url())

    assert "webhook-signature" not in receiver.requests[0].headers


def test_a_body_is_sent_as_the_bytes_that_were_signed(
    settings: Settings, start_receiver: Start
) -> None:
    receiver = start_receiver()

    send(reaching(settings), receiver.url(), body={"b": 1, "a": "ü\u2028"})

    assert receiver.requests[0].body == '{"b":1,"a":"ü\u2028"}'.encode()
    assert json.loads(receiver.requests[0].body) == {"b": 1, "a": "ü\u2028"}
