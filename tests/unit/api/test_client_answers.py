"""What the client takes for an answer, and how long it waits for one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import urllib3

from backend.client import ApiProblem, ApiUnreachable, TallyClient
from backend.client.job_wait import JobWait
from backend.client.transport import Transport


class _Server(ThreadingHTTPServer):
    """Gives each request the same answer."""

    daemon_threads = True
    answer: tuple[int, dict[str, str], bytes] = (200, {}, b"{}")

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.seen: list[str] = []


class _Answer(BaseHTTPRequestHandler):
    def _answer(self) -> None:
        server: Any = self.server
        server.seen.append(self.path)
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, headers, body = server.answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[_Server]:
    with _Server() as server:
        # Who shuts it down would else wait for half a second.
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def client(server: _Server) -> TallyClient:
    return TallyClient(f"http://127.0.0.1:{server.server_port}", "a-token")


_CALLS: dict[str, Callable[[TallyClient], Any]] = {
    "enqueue": lambda client: client.enqueue("sync"),
    "enqueue_many": lambda client: client.enqueue_many([{"job_type": "sync"}]),
    "job": lambda client: client.job("one"),
    "wait": lambda client: client.wait("one"),
    "search": lambda client: list(client.search()),
    "cancel": lambda client: client.cancel("one"),
    "retry": lambda client: client.retry("one"),
    "request": lambda client: client.request("POST", "/api/queues/low/pause", {}),
}


@pytest.mark.parametrize("call", _CALLS)
def test_a_redirect_is_no_success_and_is_told_with_where_it_leads(
    server: _Server, client: TallyClient, call: str
) -> None:
    server.answer = 308, {"Location": "https://tally.example/api"}, b""

    with pytest.raises(ApiProblem, match=r"redirects to https://tally\.example/api") as refused:
        _CALLS[call](client)

    assert (refused.value.status, len(server.seen)) == (308, 1)


@pytest.mark.parametrize("call", _CALLS)
@pytest.mark.parametrize("body", [b"<h1>Welcome to our WLAN</h1>", b""])
def test_a_page_of_somebody_elses_is_no_success(
    server: _Server, client: TallyClient, call: str, body: bytes
) -> None:
    server.answer = 200, {"Content-Type": "text/html"}, body

    with pytest.raises(ApiProblem, match="no JSON") as refused:
        _CALLS[call](client)

    assert (refused.value.status, len(server.seen)) == (200, 1)


def test_an_answer_that_says_it_is_empty_is_one(server: _Server, client: TallyClient) -> None:
    server.answer = 204, {}, b""

    assert client.request("DELETE", "/api/schedules/nightly") is None


class _Clock:
    """Time that passes where somebody waits for the server, or pauses."""

    def __init__(self) -> None:
        self.now = 100.0
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


@pytest.fixture
def waiting(clock: _Clock) -> TallyClient:
    """A client by the test's clock."""
    client = TallyClient("http://127.0.0.1:1", "a-token")
    client._transport = Transport(
        "http://127.0.0.1:1",
        "a-token",
        timeout=10,
        tries=4,
        pause=clock.pause,
        monotonic=clock.monotonic,
    )
    client._wait = JobWait(clock.monotonic, clock.pause)
    return client


@pytest.mark.parametrize("timeout", [0, 1, 5, 6, 60])
def test_a_server_that_is_silent_is_given_up_soon_after_a_wait_is_over(
    waiting: TallyClient,
    clock: _Clock,
    monkeypatch: pytest.MonkeyPatch,
    timeout: float,
) -> None:
    def silent(*_: object, timeout: urllib3.Timeout, **__: object) -> None:
        clock.now += timeout.total  # type: ignore[operator]
        raise urllib3.exceptions.TimeoutError("silent")

    monkeypatch.setattr(urllib3.PoolManager, "request", silent)

    with pytest.raises(ApiUnreachable, match="silent"):
        waiting.wait("one", timeout)

    assert clock.now - 100 <= timeout + 5.1


def test_a_wait_pauses_as_the_server_asks_until_it_is_over(
    waiting: TallyClient, clock: _Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(_transport: Transport, _outgoing: Any) -> None:
        raise ApiProblem(503, {"details": {"retry_after": 4.0}})

    monkeypatch.setattr(Transport, "_once", busy)

    with pytest.raises(ApiProblem):
        waiting.wait("one", 5)

    assert clock.pauses == [4.0, 4.0]


def test_half_a_surrogate_pair_is_sent_for_the_server_to_judge(
    server: _Server, client: TallyClient
) -> None:
    client.job("a\ud800")
    client.request("GET", "/api/jobs", query={"tag": "\ud800"})

    assert server.seen == ["/api/jobs/a%ED%A0%80", "/api/jobs?tag=%ED%A0%80"]
