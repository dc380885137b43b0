"""Answers that are taken slowly, and connections that are too many: nobody else waits for them."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.bootstrap.platform import Platform
from backend.embedded.servers import Servers
from tests.eventually import eventually
from tests.integration.api.web_server import Reply, WebServer

_LARGE = 20_000_000
#: Who reads slowly is cut off after so many seconds; until then it would hold up who waits behind it.
_WINDOW_SECONDS = 12
#: What an answer may take on a busy machine, and less than it would behind a slow reader.
_AT_ONCE_SECONDS = 10


@pytest.fixture(scope="module")
def shared(
    servers: Servers, migrated: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WebServer]:
    """One server with few threads, which measures readers over a short while."""
    folder = tmp_path_factory.mktemp("artifacts")
    server = WebServer(
        servers.redis_url,
        migrated,
        folder,
        # None of these tests is about a request that never becomes whole.
        request_seconds=60,
        window_seconds=_WINDOW_SECONDS,
        threads=2,
        connections_per_address=40,
        least_bytes_per_second=1000,
    )
    yield server
    server.end()


@pytest.fixture
def server(shared: WebServer, platform: Platform) -> WebServer:
    """The shared one, over empty stores."""
    return shared


def _ask(server: WebServer, path: str, *, end: str = "close", takes: int = 4096) -> socket.socket:
    """Sends a request on a connection that ``takes`` so many bytes before it is read."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, takes)
    connection.settimeout(15)
    connection.connect(("127.0.0.1", server.port))
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: {end}\r\n\r\n".encode())
    return connection


def _body_of(connection: socket.socket) -> bytes:
    answer = b""
    while chunk := connection.recv(1_000_000):
        answer += chunk
    return answer.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("path", [f"/file?bytes={_LARGE}", f"/large?bytes={_LARGE}"])
def test_slow_readers_hold_no_thread(server: WebServer, path: str) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(18):
            stack.enter_context(_ask(server, path)).recv(100)

        answers = [
            server.get(asked, timeout=_AT_ONCE_SECONDS).status
            for asked in ("/api/version", "/healthz")
        ]

    assert answers == [200, 200]


@pytest.mark.parametrize("path", [f"/file?bytes={_LARGE}", f"/large?bytes={_LARGE}"])
def test_who_reads_slowly_but_steadily_gets_all_of_it(server: WebServer, path: str) -> None:
    fill = b"\0" if path.startswith("/file") else b"x"
    with _ask(server, path, takes=200_000) as connection:
        begin = connection.recv(3)

        body = _body_of(connection)

    assert begin == b"HTT"
    assert body == fill * _LARGE


def test_who_hardly_reads_is_cut_off_and_the_log_says_so(server: WebServer) -> None:
    with _ask(server, f"/file?bytes={_LARGE}") as connection:
        connection.recv(100)

        eventually(lambda: server.said("api.slow_reader"), 30, lambda: server.output)
        with pytest.raises(ConnectionResetError):
            _body_of(connection)


def test_a_connection_is_kept_after_a_large_answer(server: WebServer) -> None:
    with _ask(server, f"/large?bytes={_LARGE}", end="keep-alive", takes=200_000) as connection:
        size, answer = 0, b""
        while size < _LARGE:
            answer = connection.recv(1_000_000)
            size += len(answer)
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

        assert _body_of(connection).endswith(b'{"status":"alive"}')


def test_the_health_of_a_process_is_told_while_every_thread_is_busy(server: WebServer) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(_ask(server, f"/slow?seconds={_WINDOW_SECONDS}"))
        eventually(lambda: server.output.count("a slow page begins") >= 2)

        assert server.get("/healthz", timeout=_AT_ONCE_SECONDS).status == 200


def test_who_does_not_close_an_ended_connection_holds_nobody_up(server: WebServer) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(15):
            ended = stack.enter_context(_ask(server, "/healthz"))
            assert ended.recv(12) == b"HTTP/1.1 200"

        assert server.get("/healthz", timeout=_AT_ONCE_SECONDS).status == 200


def test_an_address_with_too_many_connections_is_told_so(server: WebServer) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(40):
            stack.enter_context(server.connect())

        def refused() -> Reply | None:
            # One more each time: some came while connections of before still counted.
            stack.enter_context(server.connect())
            reply = server.get("/api/version")
            return reply if reply.status == 503 else None

        reply = eventually(refused)

    problem = json.loads(reply.body)
    assert problem == {
        "type": "/api/problems/too_many_connections",
        "title": "The address has as many connections open as it may",
        "status": 503,
        "detail": "your address has 40 connections open already; close some. If it is a proxy's, set "
        "api.trusted_proxies or raise api.connections_per_address",
        "code": "too_many_connections",
    }
    # Another process writes it, perhaps after it has answered.
    eventually(lambda: server.said("api.too_many_connections"))
    eventually(lambda: server.get("/healthz").status == 200)


def test_a_trusted_proxy_may_keep_many_connections_open(
    servers: Servers, migrated: str, tmp_path: Path
) -> None:
    server = WebServer(servers.redis_url, migrated, tmp_path, trusted_proxies=1)
    try:
        with contextlib.ExitStack() as stack:
            kept = [_ask(server, "/healthz", end="keep-alive") for _ in range(300)]
            for connection in kept:
                stack.enter_context(connection)

            answers = {connection.recv(12) for connection in kept}
    finally:
        server.end()

    assert answers == {b"HTTP/1.1 200"}
