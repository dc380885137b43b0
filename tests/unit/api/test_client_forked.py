"""The client in a process that was forked from one that has asked by it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

_ASK = """
import os, sys
from backend.client.transport import Transport

transport = Transport(sys.argv[1], "token", timeout=30, tries=1)
transport.send("GET", "/parent")
child = os.fork()
if not child:
    try:
        transport.send("GET", "/child")
    finally:
        os._exit(0)
os.waitpid(child, 0)
transport.send("GET", "/parent")
"""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        #: Path, and the port of who asked, which tells connections apart.
        self.seen: list[tuple[str, int]] = []


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        server: Any = self.server
        server.seen.append((self.path, self.client_address[1]))
        body = json.dumps({}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[_Server]:
    server = _Server()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_it_asks_over_a_connection_of_its_own(server: _Server) -> None:
    url = f"http://127.0.0.1:{server.server_port}"

    subprocess.run([sys.executable, "-c", _ASK, url], timeout=60, check=True)

    (first, one), (second, other), (third, again) = server.seen
    assert (first, second, third) == ("/parent", "/child", "/parent")
    assert other != one == again
