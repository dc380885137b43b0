"""The documents: a FastAPI application whose jobs tell their outcome by signed requests."""

from __future__ import annotations

import base64
import json
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from tests.contract.examples.application import Application
from tests.eventually import eventually
from tests.free_port import free_port

_SECRET = f"whsec_{base64.b64encode(b'known to both sides only').decode()}"
_TOLD = {
    "TALLY_WEBHOOK__SECRETS": json.dumps({"default": _SECRET}),
    # The receiver of this test is no public address.
    "TALLY_WEBHOOK__ALLOW_HTTP": "true",
    "TALLY_WEBHOOK__PORTS": "[]",
    "TALLY_WEBHOOK__ALLOWED_NETWORKS": '["127.0.0.0/8"]',
}


@pytest.fixture(scope="module")
def documents(
    whole_programs: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Application]:
    made = Application("fastapi_documents", tmp_path_factory.mktemp("fastapi"), whole_programs)
    made.environment |= _TOLD
    yield made
    made.stop()


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[Any]]]:
    """Somebody who is told: the address, and what came whose signature is right."""
    told: list[Any] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.append(Webhook(_SECRET).verify(body, dict(self.headers.items())))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/counted", told
        server.shutdown()
        thread.join()


def test_its_own_tests_pass(documents: Application) -> None:
    assert re.search(r"\b6 passed", documents.run("pytest", "-p", "no:schemathesis"))


def test_its_types_are_strict_and_right(documents: Application) -> None:
    assert "no issues found" in documents.run("mypy")


def test_two_commands_start_it(documents: Application, receiver: tuple[str, list[Any]]) -> None:
    assert documents.commands()[1:3] == ["tally dev", "uvicorn documents.api:app --port 5000"]
    address, told = receiver
    url = f"http://127.0.0.1:{(port := free_port())}"
    documents.start_both(port)
    eventually(lambda: _asked("GET", f"{url}/openapi.json"), show=documents.log)

    poem = f"{url}/documents/poem?callback_url={address}"
    job = _asked("PUT", poem, b"To be or not to be")["job"]
    eventually(lambda: told, show=documents.log)

    ended = _asked("GET", f"{url}/jobs/{job}")
    assert ended["state"] == "finished"
    assert ended["result"] == {"words": 6, "most_frequent": ["to", "be", "or"]}
    assert job in json.dumps(told[0])


def _asked(method: str, url: str, body: bytes | None = None) -> Any:
    """What is answered; None while nobody answers as wished."""
    try:
        with urllib.request.urlopen(  # noqa: S310 - our own server
            urllib.request.Request(url, data=body, method=method)  # noqa: S310
        ) as answer:
            return json.loads(answer.read())
    except urllib.error.URLError:
        return None
