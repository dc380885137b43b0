"""Worker, scheduler, recorder and API as real processes, and what they answer."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import NamedTuple

import urllib3

from backend.embedded.servers import Servers
from tests.eventually import eventually
from tests.free_port import free_port
from tests.integration.runtime.cluster import Cluster

_WORKERS = 2
_TOKEN = "a-key-of-these-tests-that-nobody-else-has"


class Answer(NamedTuple):
    """What was answered to a request."""

    status: int
    text: str
    retry_after: str | None = None


class WholeDeployment:
    """All four processes of a deployment, each with its health endpoints."""

    def __init__(self, servers: Servers, folder: Path) -> None:
        self.servers = servers
        self.ports = {name: free_port() for name in ("worker", "scheduler", "recorder", "api")}
        metrics = {
            f"TALLY_METRICS__{name.upper()}_PORT": str(port)
            for name, port in self.ports.items()
            if name != "api"
        }
        self.cluster = Cluster(
            servers.redis_url,
            folder,
            DATABASE_URL=servers.database_url,
            TALLY_API__BOOTSTRAP_KEY=_TOKEN,
            **metrics,
        )
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._http = urllib3.PoolManager(maxsize=8, retries=False, timeout=15)

    def start(self) -> None:
        """All four; returns at once."""
        commands = {
            "worker": ["worker", "default", f"--processes={_WORKERS}", "--concurrency=4"],
            "scheduler": ["scheduler"],
            "recorder": ["recorder"],
            "api": ["api", f"--port={self.ports['api']}"],
        }
        for name, command in commands.items():
            self.processes[name] = self.cluster.start(*command, log=name)

    def ask(self, name: str, path: str) -> Answer:
        """What one process answers; status 0 when it does not."""
        return self._request("GET", name, path)

    def enqueue(self) -> Answer:
        """A job over HTTP."""
        body = {"job_type": "note", "payload": {"file": str(self.cluster.file)}, "result_ttl": 600}
        return self._request("POST", "api", "/api/jobs", json.dumps(body))

    def _request(self, method: str, name: str, path: str, body: str | None = None) -> Answer:
        headers = {"Authorization": f"Bearer {_TOKEN}", "Content-Type": "application/json"}
        url = f"http://127.0.0.1:{self.ports[name]}{path}"
        try:
            reply = self._http.request(method, url, body=body, headers=headers)
        except urllib3.exceptions.HTTPError:
            return Answer(0, "")
        return Answer(reply.status, reply.data.decode(), reply.headers.get("Retry-After"))

    def readiness(self) -> dict[str, int]:
        """The status of each process's `/readyz`."""
        return {name: self.ask(name, "/readyz").status for name in self.ports}

    def be_ready(self) -> None:
        """Blocks until all are; a supervisor is so with its first worker process."""
        eventually(lambda: set(self.readiness().values()) == {200}, timeout=60, show=self.readiness)
        eventually(lambda: len(self.cluster.pids()) == _WORKERS, timeout=60, show=self.cluster.log)

    def ended(self) -> dict[str, int]:
        """The processes that ended, and how."""
        codes = {name: process.poll() for name, process in self.processes.items()}
        return {name: code for name, code in codes.items() if code is not None}

    def told(self, name: str, event: str) -> list[dict[str, object]]:
        """The lines of one event in the log of one process and those below it."""
        lines = (self.cluster.folder / name).read_text().splitlines()
        return [json.loads(line) for line in lines if f'"event": "{event}"' in line]

    def end(self) -> None:
        """Ends all of it."""
        self.cluster.end()
