"""Requests that mean harm, or are broken: each a clear refusal, none an error of ours."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from flask import Flask

from backend.api.app import create_app
from backend.api.request.api_services import ApiServices
from backend.domain.access.role import Role
from backend.embedded.servers import Servers
from tests.integration.api.caller import Caller
from tests.integration.api.wiring import BOOTSTRAP, ApiPlatform, parts_of

_JOB = b'{"job_type":"anything","payload":%s}'


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 415),
        (b"{", 400),
        (b"nonsense", 400),
        (b'"text"', 422),
        (b"null", 422),
        (b"[1,2]", 422),
        (b'{"job_type":"anything","job_type":"greet"}', 400),
        (_JOB % b'{"a":{"b":1,"b":2}}', 400),
        (_JOB % b'{"n":NaN}', 400),
        (_JOB % b'{"n":-Infinity}', 400),
        (_JOB % b'{"n":1e400}', 422),
        (_JOB % b'{"n":"\\ud800"}', 422),
        (_JOB % b'{"n":"\xff"}', 400),
        (_JOB % (b'{"n":' + b"[" * 100_000 + b"]" * 100_000 + b"}"), 400),
        (_JOB % (b'{"n":' + b"9" * 5000 + b"}"), 400),
        (b"\xef\xbb\xbf" + _JOB % b"{}", 400),
        (_JOB % b'{"n":"\\u0000"}', 202),
        (_JOB % b'{"__proto__":1,"constructor":2}', 202),
    ],
)
def test_a_broken_body_is_refused(admin: Caller, body: bytes, status: int) -> None:
    answer = admin.send_raw("/api/jobs", body, "application/json" if body else "")

    assert answer.status_code == status, answer.text
    if status != 202:
        assert answer.content_type == "application/problem+json"


def test_a_million_names_in_one_body_are_refused_or_taken_quickly(admin: Caller) -> None:
    body = json.dumps({"job_type": "anything", "payload": {str(n): 1 for n in range(300_000)}})

    answer = admin.send_raw("/api/jobs", body.encode(), "application/json")

    assert answer.status_code == 413


def test_a_body_over_the_limit_is_not_even_read(admin: Caller) -> None:
    answer = admin.send_raw("/api/jobs", b"x" * 10_000_000, "application/json")

    assert (answer.status_code, answer.get_json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize(
    "media_type",
    ["text/plain", "application/xml", "application/x-www-form-urlencoded", "application/jsonx"],
)
def test_another_media_type_is_refused(admin: Caller, media_type: str) -> None:
    answer = admin.send_raw("/api/jobs", _JOB % b"{}", media_type)

    assert (answer.status_code, answer.get_json()["code"]) == (415, "wrong_media_type")


def test_a_compressed_body_is_refused(admin: Caller) -> None:
    bomb = gzip.compress(b"0" * 10_000_000)

    answer = admin.send_raw("/api/jobs", bomb, "application/json", Content_Encoding="gzip")

    assert answer.status_code == 415


@pytest.mark.parametrize(
    "path",
    [
        "/api/jobs/..%2f..%2fetc%2fpasswd",
        "/api/jobs/%00",
        "/api/jobs/a%0d%0aX-Evil:%201",
        "/api/jobs/" + "x" * 5000,
        "/api/jobs/rq:job:1",
        "/api/docs/css/..%2f..%2f__init__.py",
        "/api/docs/js/../../__init__.py",
        "//api/jobs",
        "/api/jobs/",
    ],
)
def test_a_path_that_leads_nowhere_finds_nothing(admin: Caller, path: str) -> None:
    answer = admin.get(path)

    assert answer.status_code == 404
    assert "X-Evil" not in answer.headers


@pytest.mark.parametrize("method", ["TRACE", "OPTIONS", "PUT", "DELETE", "CONNECT"])
def test_a_method_that_is_not_served_is_told_which_are(admin: Caller, method: str) -> None:
    answer = admin.send(method, "/api/jobs")

    assert (answer.status_code, answer.get_json()["code"]) == (405, "method_not_allowed")
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "POST"}


def test_a_browser_of_another_origin_is_not_invited(admin: Caller) -> None:
    answer = admin.get("/api/jobs", Origin="https://evil.example")
    asked = admin.send("OPTIONS", "/api/jobs", Origin="https://evil.example")

    for headers in (answer.headers, asked.headers):
        assert not [name for name, _ in headers if name.startswith("Access-Control-")]


def test_every_answer_has_the_headers_that_protect_browsers(admin: Caller) -> None:
    for path in ("/healthz", "/api/jobs", "/nowhere", "/api/docs"):
        headers = admin.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_the_page_to_browse_the_api_asks_no_outside_host(admin: Caller, nobody: Caller) -> None:
    page = nobody.get("/api/docs")
    script = nobody.get("/api/docs/js/swagger-ui-bundle.js")
    start = nobody.get("/api/docs/start.js")

    assert (page.status_code, script.status_code, start.status_code) == (200, 200, 200)
    assert "http" not in page.text.replace("<!doctype html>", "")
    assert "<script>" not in page.text
    assert script.content_type.startswith("text/javascript")
    script.close()


def test_a_mistake_of_ours_gives_nothing_away(
    app: Flask, admin: Caller, monkeypatch: pytest.MonkeyPatch, parts: ApiServices
) -> None:
    def explode(*_: Any) -> Any:
        raise ZeroDivisionError("select * from secrets")

    monkeypatch.setattr(type(parts.search), "find", explode)

    answer = admin.get("/api/jobs/some-job")

    assert (answer.status_code, answer.get_json()["code"]) == (500, "internal_error")
    assert "secrets" not in answer.text
    assert "ZeroDivision" not in answer.text


@pytest.fixture
def strict(servers: Servers, migrated: str, tmp_path: Any) -> Iterator[Flask]:
    """The application with tight limits, of which nothing comes back while a test lasts."""
    rates = {
        "key_per_second": 0.01,
        "key_burst": 5,
        "address_per_second": 0.01,
        "address_burst": 20,
        "wrong_tokens_per_minute": 3,
    }
    made = ApiPlatform(servers.redis_url, migrated, rates=rates, trusted_proxies=1)
    with closing(made) as platform:
        yield create_app(parts_of(platform, tmp_path / "artifacts"))


def test_a_key_that_sends_too_much_is_told_when_to_go_on(strict: Flask) -> None:
    caller = Caller(strict, BOOTSTRAP)

    answers = [caller.get("/api/whoami") for _ in range(6)]

    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert int(answers[5].headers["Retry-After"]) >= 1
    assert answers[5].get_json()["code"] == "too_many_requests"
    assert answers[0].headers["RateLimit"].startswith('"key";r=4')


def test_an_address_that_sends_too_much_is_told_and_others_are_not_hurt(strict: Flask) -> None:
    flooding, other = Caller(strict, ""), Caller(strict, "")
    flooding.headers = {"X-Forwarded-For": "10.0.0.1"}
    other.headers = {"X-Forwarded-For": "10.0.0.2"}

    flood = [flooding.get("/api/version").status_code for _ in range(25)]

    assert flood == [200] * 20 + [429] * 5
    assert other.get("/api/version").status_code == 200
    assert flooding.get("/healthz").status_code == 200


def test_guessing_tokens_is_slowed_down_but_a_good_one_still_gets_in(strict: Flask) -> None:
    guesser, good = Caller(strict, ""), Caller(strict, BOOTSTRAP)

    codes = [
        guesser.get("/api/whoami", Authorization=f"Bearer guess-{n}").status_code for n in range(5)
    ]

    assert codes == [401, 401, 401, 429, 429]
    assert good.get("/api/whoami").status_code == 200


def test_a_key_that_this_process_has_not_seen_yet_is_good_however_many_wrong_ones_came_before(
    strict: Flask, parts: ApiServices
) -> None:
    guesser = Caller(strict, "")
    for number in range(5):
        guesser.get("/api/whoami", Authorization=f"Bearer guess-{number}")
    unseen = parts.keys.create("unseen", Role.VIEWER, by="the tests").token

    assert Caller(strict, unseen).get("/api/whoami").status_code == 200


def test_a_proxy_that_is_not_trusted_is_told_of_once(
    admin: Caller, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(3):
        admin.get("/api/version", X_Forwarded_For="10.0.0.1")

    said = capsys.readouterr()
    assert (said.out + said.err).count("api.proxy_not_trusted") == 1


def test_a_forwarded_address_is_believed_only_from_as_many_proxies_as_are_trusted(
    strict: Flask, app: Flask, admin: Caller
) -> None:
    caller = Caller(strict, "")
    for _ in range(20):
        caller.get("/api/version", X_Forwarded_For="6.6.6.6, 10.0.0.9")

    spoofed = caller.get("/api/version", X_Forwarded_For="7.7.7.7, 10.0.0.9")

    assert spoofed.status_code == 429
    admin.post("/api/queues/low/pause", X_Forwarded_For="8.8.8.8")
    row = admin.get("/api/audit?action=queues.pause&limit=1").get_json()["items"][0]
    assert row["source"] == "127.0.0.1"
