"""Starts the production server for a test, talks to it, and ends it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, NamedTuple

import urllib3

from tests.eventually import eventually
from tests.integration.api.wiring import BOOTSTRAP

_ROOT = Path(__file__).parents[3]


class Reply(NamedTuple):
    """What a request was answered with."""

    status: int
    body: bytes


class WebServer:
    """One server in a process group of its own."""

    def __init__(
        self,
        redis_url: str,
        database_url: str,
        folder: Path,
        *,
        request_seconds: float = 10,
        window_seconds: float = 30,
        **api: Any,
    ) -> None:
        asked = {
            "request_seconds": request_seconds,
            "window_seconds": window_seconds,
            "redis_url": redis_url,
            "database_url": database_url,
            "folder": str(folder),
            "api": {"port": 0, "host": "127.0.0.1"} | api,
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.api.serving", json.dumps(asked)],
            cwd=_ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONPATH": str(_ROOT), "PYTHONUNBUFFERED": "1"},
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        eventually(lambda: self.said("api.listening"), 30, lambda: self.output)
        found = re.search(r"127\.0\.0\.1:(\d+)", self.output)
        assert found is not None
        self.port = int(found[1])
        eventually(lambda: self.get("/healthz").status == 200, 30, lambda: self.output)

    @property
    def output(self) -> str:
        """All that it has printed."""
        return "".join(self.lines)

    def said(self, words: str) -> bool:
        """Whether it has printed these words."""
        return words in self.output

    def get(self, path: str, timeout: float = 15) -> Reply:
        """A GET with every right; status 0 when there is no answer."""
        return self._send("GET", path, None, timeout)

    def post(self, path: str, body: Any, timeout: float = 15) -> Reply:
        """A POST of JSON with every right."""
        return self._send("POST", path, json.dumps(body), timeout)

    def connect(self) -> socket.socket:
        """A bare connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def ask_to_stop(self) -> None:
        """SIGTERM, as a deployment sends it."""
        self._process.send_signal(signal.SIGTERM)

    def wait(self, timeout: float = 120) -> int:
        """Until it has ended; its exit status."""
        code = self._process.wait(timeout)
        self._reader.join(timeout)
        return code

    def end(self) -> None:
        """Whatever state it is in."""
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._reader.join(60)

    def _send(self, method: str, path: str, body: str | None, timeout: float) -> Reply:
        headers = {"Authorization": f"Bearer {BOOTSTRAP}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        url = f"http://127.0.0.1:{self.port}{path}"
        try:
            with urllib3.PoolManager(retries=False) as pool:
                answer = pool.request(method, url, body=body, headers=headers, timeout=timeout)
                return Reply(answer.status, answer.data)
        except urllib3.exceptions.HTTPError:
            return Reply(0, b"")

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self.lines.append(line)
