"""The production server: requests that run, clients that dawdle, the worker inside, the end."""

from __future__ import annotations

import contextlib
import json
import select
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.bootstrap.api_parts import embedded_grace, embedded_worker
from backend.bootstrap.platform import Platform
from backend.embedded.servers import Servers
from tests.eventually import eventually
from tests.integration.api.web_server import Reply, WebServer
from tests.integration.api.wiring import BOOTSTRAP, ApiPlatform

Start = Callable[..., WebServer]


@pytest.fixture(scope="module")
def shared(
    servers: Servers, migrated: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WebServer]:
    """One server for the tests that neither end it nor need settings of their own; no worker inside."""
    folder = tmp_path_factory.mktemp("artifacts")
    server = WebServer(servers.redis_url, migrated, folder, threads=4, request_seconds=5)
    yield server
    server.end()


@pytest.fixture
def server(shared: WebServer, platform: Platform) -> WebServer:
    """The shared one, over empty stores."""
    return shared


@pytest.fixture
def start(servers: Servers, migrated: str, platform: Platform, tmp_path: Path) -> Iterator[Start]:
    """Starts servers on the stores of the session; all are ended with the test."""
    started: list[WebServer] = []

    def start(redis_url: str = "", **api: Any) -> WebServer:
        server = WebServer(redis_url or servers.redis_url, migrated, tmp_path / "artifacts", **api)
        started.append(server)
        return server

    yield start
    for server in started:
        server.end()


def _in_thread(send: Callable[[], Reply]) -> Callable[[], Reply]:
    replies: list[Reply] = []
    thread = threading.Thread(target=lambda: replies.append(send()))
    thread.start()

    def reply() -> Reply:
        thread.join(120)
        return replies[0]

    return reply


def test_it_serves_on_loopback_and_ends_in_order(start: Start) -> None:
    server = start(processes=2)
    body = {"job_type": "greet", "payload": {"name": "Ada"}}
    answers = [server.post("/api/jobs", body).status for _ in range(20)]
    slow = _in_thread(lambda: server.get("/slow?seconds=2"))
    eventually(lambda: server.said("a slow page begins"))

    server.ask_to_stop()

    assert answers == [202] * 20
    assert slow() == Reply(200, b"done")
    assert server.wait() == 0
    assert server.said("the arbiter returned")
    assert server.output.count("the arbiter returned") == 1


def test_it_starts_without_redis(start: Start, tmp_path: Path) -> None:
    server = start(redis_url=f"unix://{tmp_path}/redis-that-is-not-there.sock?db=0")

    refused = server.post("/api/dm-jobqueue/register", {})

    assert refused.status == 503
    assert json.loads(refused.body)["code"] == "queue_unavailable"
    assert server.get("/healthz").status == 200
    assert server.get("/readyz").status == 503


def test_the_worker_inside_runs_jobs_and_gives_back_what_runs_when_the_process_stops(
    start: Start, platform: Platform
) -> None:
    server = start(worker_lanes=["all"], worker_slots=2)
    accepted = server.post(
        "/api/dm-jobqueue/register", {"message": "Hello from inside", "delay_seconds": 0}
    )
    job_id = json.loads(accepted.body)["job_id"]

    def state() -> str:
        return str(json.loads(server.get(f"/api/jobs/{job_id}").body)["state"])

    eventually(lambda: state() == "finished", 20, lambda: server.output)
    long = [{"job_type": kind, "payload": {"seconds": 60}} for kind in ("dawdle", "dawdle_async")]
    ids = [json.loads(server.post("/api/jobs", body).body)["id"] for body in long]
    for long_id in ids:
        eventually(lambda i=long_id: platform.queue_service.get_job(i).state == "started", 20)
    server.ask_to_stop()

    assert server.wait(60) == 0
    assert server.said("] Hello from inside")
    assert server.said("worker.stopped")
    assert [platform.queue_service.get_job(i).state for i in ids] == ["queued", "queued"]


def test_without_lanes_there_is_no_worker_inside(server: WebServer) -> None:
    accepted = server.post("/api/jobs", {"job_type": "greet", "payload": {"name": "Ada"}})
    job_id = json.loads(accepted.body)["id"]

    workers = json.loads(server.get("/api/jobs/workers").body)

    assert workers["items"] == []
    assert json.loads(server.get(f"/api/jobs/{job_id}").body)["state"] == "queued"


@pytest.mark.parametrize(("said", "has_one"), [("true", True), ("false", False)])
def test_job_queue_enabled_decides_on_the_worker_inside_whatever_lanes_are_named(
    servers: Servers, migrated: str, monkeypatch: pytest.MonkeyPatch, said: str, has_one: bool
) -> None:
    monkeypatch.setenv("JOB_QUEUE_ENABLED", said)
    platform = ApiPlatform(servers.redis_url, migrated, worker_lanes=["all"])

    assert (embedded_worker(platform) is not None) is has_one
    assert (embedded_grace(platform.settings) > 0) is has_one
    platform.close()


def test_clients_that_dawdle_hold_no_thread(server: WebServer) -> None:
    with contextlib.ExitStack() as open_connections:
        for number in range(100):
            connection = open_connections.enter_context(server.connect())
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ")
            if number % 2:
                connection.sendall(b"1\r\n")

        assert {server.get("/readyz").status for _ in range(20)} == {200}


def test_a_request_that_never_becomes_whole_is_cut_off(server: WebServer) -> None:
    with server.connect() as connection:
        connection.sendall(b"POST /api/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")

        # Were it not, the test would be ended for hanging.
        assert _is_closed(connection, 3600)


def test_an_address_cannot_hold_every_connection(start: Start) -> None:
    server = start(connections_per_address=20, request_seconds=60)
    with contextlib.ExitStack() as open_connections:
        # They say nothing: what came after the end of one that was refused would take its answer away.
        every = [open_connections.enter_context(server.connect()) for _ in range(50)]
        refused = eventually(lambda: len(found := _answered(every)) >= 30 and found)
        answers = {connection.recv(12) for connection in refused}

    assert answers == {b"HTTP/1.1 503"}
    eventually(lambda: server.get("/healthz").status == 200)


def _answered(connections: list[socket.socket]) -> list[socket.socket]:
    return select.select(connections, [], [], 0)[0]


def _is_closed(connection: Any, timeout: float = 0.5) -> bool:
    connection.settimeout(timeout)
    try:
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def test_a_large_body_passes_through(server: WebServer) -> None:
    jobs = [{"job_type": "anything", "payload": {"text": "x" * 2000}} for _ in range(500)]

    answer = server.post("/api/jobs/bulk", {"jobs": jobs})

    assert answer.status == 202
    assert json.loads(answer.body)["created"] == 500


_CHUNKED = (
    b"POST /api/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"
    b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
)
_NEXT = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize(
    "body",
    [
        b"zz\r\n{}\r\n0\r\n\r\n",
        b"1\r\n{}\r\n0\r\n\r\n",
        b"-5\r\n{}\r\n0\r\n\r\n",
        b"2;a b\r\n{}\r\n0\r\n\r\n",
        b"2\r\n{}\r\n0\r\nContent Length: 7\r\n\r\n",
    ],
    ids=["no number", "too small", "below nothing", "odd extension", "forbidden trailer"],
)
@pytest.mark.parametrize("token", [BOOTSTRAP.encode(), b"wrong"], ids=["known", "unknown"])
def test_chunks_that_are_not_well_formed_are_the_clients_mistake_and_end_the_connection(
    server: WebServer, body: bytes, token: bytes
) -> None:
    with server.connect() as connection:
        connection.sendall(_CHUNKED % token + body + _NEXT)
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while chunk := connection.recv(65536):
                answer += chunk

    assert answer.count(b"HTTP/1.1 ") == 1
    if token == b"wrong":
        assert answer.startswith(b"HTTP/1.1 401 ")
    else:
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b'"code":"malformed_request"' in answer
        assert b"Connection: close" in answer
    assert not any(server.said(word) for word in ("Traceback", "http.failed"))


def test_requests_one_behind_the_other_on_one_connection_are_all_answered(
    server: WebServer,
) -> None:
    one = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    with server.connect() as connection:
        connection.sendall(one * 5 + one.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        answers = b""
        while chunk := connection.recv(65536):
            answers += chunk

    assert answers.count(b'"status":"alive"') == 6


def test_answers_do_not_tell_what_made_them(server: WebServer) -> None:
    with server.connect() as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(4096), b""))

    assert b"\r\nServer: tally\r\n" in answer
    assert b"gunicorn" not in answer
