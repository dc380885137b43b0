"""Behind a real nginx or Caddy: at a host, below a path, and as somebody sets it up who reads nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from html import unescape
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urljoin

import pytest
import urllib3

from backend.embedded.servers import Servers
from tests.e2e.stage import BOOTSTRAP, Stage
from tests.integration.dashboard import caddy, nginx
from tests.integration.dashboard.caddy import Caddy
from tests.integration.dashboard.nginx import Nginx, as_installed
from tests.integration.history.databases import migrated_database

_needs_nginx = pytest.mark.skipif(nginx.PROGRAM is None, reason="nginx is not installed")
_needs_caddy = pytest.mark.skipif(caddy.PROGRAM is None, reason="Caddy is not installed")
_ADDRESSES = re.compile(r'(?:href|src|action|formaction)="([^"]*)"')

_ACTIONS = re.compile(r'method="post" action="([^"]*)"')

Start = Callable[..., "Browser"]


class Proxy(NamedTuple):
    """A program that stands in front, and the examples that are shipped for it."""

    program: type[Nginx | Caddy]
    at_a_host: Callable[[int], str]
    below_a_path: Callable[[int], str]


_EACH_PROXY = pytest.mark.parametrize(
    "proxy",
    [
        pytest.param(
            Proxy(Nginx, nginx.at_a_host, nginx.below_a_path), id="nginx", marks=_needs_nginx
        ),
        pytest.param(
            Proxy(Caddy, caddy.at_a_host, caddy.below_a_path), id="caddy", marks=_needs_caddy
        ),
    ],
)


class Browser:
    """Keeps cookies as a browser does, by path; follows no redirect by itself."""

    def __init__(self, port: int) -> None:
        self.origin = f"http://127.0.0.1:{port}"
        self._pool = urllib3.PoolManager(retries=False)
        self.cookies: dict[str, str] = {}

    def get(self, path: str, **headers: str) -> urllib3.BaseHTTPResponse:
        """A GET."""
        return self.send("GET", path, None, **headers)

    def send(
        self, method: str, path: str, form: dict[str, str] | None, **headers: str
    ) -> urllib3.BaseHTTPResponse:
        """Any request, with the cookies that belong to its path."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        kept = [value for at, value in self.cookies.items() if path.startswith(at)]
        if kept:
            sent["Cookie"] = kept[0]
        answer = self._pool.request(
            method, self.origin + path, fields=form, headers=sent, encode_multipart=False
        ) if form is not None else self._pool.request(method, self.origin + path, headers=sent)  # fmt: skip
        if given := answer.headers.get("Set-Cookie"):
            at = re.search(r"Path=([^;]+)", given)
            assert at is not None
            self.cookies[at[1]] = given.partition(";")[0]
        return answer

    def sign_in(self, path: str, **headers: str) -> urllib3.BaseHTTPResponse:
        """Sends the form of the sign-in."""
        return self.send("POST", path, {"token": BOOTSTRAP, "next": ""}, **headers)

    def crawl(self, begin: str) -> dict[str, int]:
        """Every address that pages lead to, with its status; actions are named, not sent."""
        seen: dict[str, int] = {}
        to_do = [begin]
        while to_do:
            address = to_do.pop()
            if address in seen or "sign-out" in address:
                continue
            answer = self.get(address)
            seen[address] = answer.status
            if "text/html" in answer.headers.get("Content-Type", ""):
                text = answer.data.decode()
                acting = set(_ACTIONS.findall(text))
                seen |= {urljoin(address, unescape(each)): 200 for each in acting}
                found = map(unescape, set(_ADDRESSES.findall(text)) - acting)
                to_do += [urljoin(address, each).partition("#")[0] for each in found]
            if target := answer.headers.get("Location"):
                to_do.append(urljoin(address, target))
        return seen


@pytest.fixture(scope="module")
def untouched(servers: Servers) -> Iterator[str]:
    """The URL of a database without an audit row of other tests, whose jobs are gone."""
    with migrated_database(servers.database_url) as url:
        yield url


@pytest.fixture
def start(servers: Servers, untouched: str, tmp_path: Path) -> Iterator[Start]:
    """Starts a web process with settings, and a proxy before it."""
    with ExitStack() as stack:

        def started(
            inside: Callable[[int], str], program: type[Nginx | Caddy] = Nginx, **api: Any
        ) -> Browser:
            stage = Stage(
                servers.redis_url, untouched, tmp_path / "files", prefix="proxied", api=api
            )
            stack.enter_context(stage)
            stage.platform.redis.flushall()
            stage.load()
            stage.platform.queue_service.enqueue_job("sync_customer", {})
            proxy = stack.enter_context(program(tmp_path / "proxy", inside(stage.port)))
            return Browser(proxy.port)

        yield started


@_EACH_PROXY
@pytest.mark.parametrize(
    "api",
    [
        {"trusted_proxies": 1},
        {"root_path": "/tally"},
        {"trusted_proxies": 1, "root_path": "/tally"},
    ],
    ids=["by the header", "by the setting", "by both"],
)
def test_below_a_path_every_address_stays_below_it(
    start: Start, proxy: Proxy, api: dict[str, Any]
) -> None:
    browser = start(proxy.below_a_path, proxy.program, **api)

    asked = browser.get("/tally/dashboard/jobs/queues")
    assert asked.headers["Location"] == (
        "/tally/dashboard/jobs/sign-in?next=%2Fdashboard%2Fjobs%2Fqueues"
    )
    form = browser.get(asked.headers["Location"]).data.decode()
    assert 'action="/tally/dashboard/jobs/sign-in"' in form
    signed_in = browser.send(
        "POST",
        "/tally/dashboard/jobs/sign-in",
        {"token": BOOTSTRAP, "next": "/dashboard/jobs/queues"},
        Origin=browser.origin,
    )
    assert signed_in.headers["Location"] == "/tally/dashboard/jobs/queues"
    assert "Path=/tally;" in signed_in.headers["Set-Cookie"]

    seen = browser.crawl("/tally/")

    assert {address for address, status in seen.items() if status not in {200, 303}} == set()
    assert {address for address in seen if not address.startswith("/tally/")} == set()
    assert len([address for address in seen if "/dashboard/jobs" in address]) > 15
    assert any(address.endswith("dashboard.css") for address in seen)


@_EACH_PROXY
def test_below_a_path_the_api_names_itself_as_it_is_reached(start: Start, proxy: Proxy) -> None:
    browser = start(proxy.below_a_path, proxy.program, trusted_proxies=1)
    key = {"Authorization": f"Bearer {BOOTSTRAP}"}

    document = json.loads(browser.get("/tally/api/openapi.json").data)
    missing = json.loads(browser.get("/tally/api/jobs/nope", **key).data)
    made = browser._pool.request(
        "POST",
        f"{browser.origin}/tally/api/jobs",
        body=json.dumps({"job_type": "sync_customer", "payload": {}}),
        headers={**key, "Content-Type": "application/json"},
    )
    page = browser.get("/tally/api/jobs?limit=1&source=live", **key)
    docs = browser.crawl("/tally/api/docs")

    assert document["servers"] == [{"url": "/tally"}]
    assert missing["type"] == "/tally/api/problems/job_not_found"
    assert missing["instance"] == "/tally/api/jobs/nope"
    assert browser.get(missing["type"]).status == 200
    assert browser.get(made.headers["Location"], **key).status == 200
    assert page.headers["Link"].startswith("</tally/api/jobs?")
    assert set(docs.values()) == {200}
    assert all(address.startswith("/tally/api/docs") for address in docs)


@_EACH_PROXY
def test_at_a_host_of_its_own_all_is_well(start: Start, proxy: Proxy) -> None:
    browser = start(proxy.at_a_host, proxy.program, trusted_proxies=1)

    assert browser.sign_in("/dashboard/jobs/sign-in", Origin=browser.origin).status == 303
    assert set(browser.crawl("/").values()) <= {200, 303}


@_EACH_PROXY
@pytest.mark.parametrize("place", ["at_a_host", "below_a_path"])
def test_what_a_client_says_of_host_and_path_is_not_passed_on(
    start: Start, proxy: Proxy, place: str
) -> None:
    browser = start(getattr(proxy, place), proxy.program, trusted_proxies=1)
    path = "/tally" if place == "below_a_path" else ""

    forged = browser.get(
        f"{path}/dashboard/jobs/queues",
        X_Forwarded_Host="evil.example",
        X_Forwarded_Prefix="/elsewhere",
    )
    signed_in = browser.sign_in(
        f"{path}/dashboard/jobs/sign-in",
        Origin="http://evil.example",
        X_Forwarded_Host="evil.example",
    )

    assert forged.headers["Location"].startswith(f"{path}/dashboard/jobs/sign-in?")
    assert signed_in.status == 403


@_needs_nginx
def test_a_proxy_that_keeps_the_host_to_itself_is_told_of_with_both_names(start: Start) -> None:
    browser = start(as_installed, trusted_proxies=1)

    plain = browser.sign_in("/dashboard/jobs/sign-in", Origin="http://tally.example:8443")
    modern = browser.sign_in(
        "/dashboard/jobs/sign-in", Origin=browser.origin, Sec_Fetch_Site="same-origin"
    )

    assert plain.status == 403
    words = unescape(plain.data.decode())
    assert "sent from 'tally.example:8443', and this dashboard is served as '127.0.0.1:" in words
    assert "the proxy between them must pass the Host header on" in words
    assert modern.status == 303


@_needs_nginx
def test_a_forwarded_host_is_believed_of_a_trusted_proxy_alone(start: Start) -> None:
    def told(upstream: int) -> str:
        return as_installed(upstream, "proxy_set_header X-Forwarded-Host tally.example;")

    sign_in = {"Origin": "http://tally.example"}
    trusted = start(told, trusted_proxies=1)
    assert trusted.sign_in("/dashboard/jobs/sign-in", **sign_in).status == 303
    assert start(told).sign_in("/dashboard/jobs/sign-in", **sign_in).status == 403
