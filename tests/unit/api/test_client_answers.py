"""What the client takes for an answer, and how long it waits for one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from backend.client import ApiProblem, TallyClient


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
