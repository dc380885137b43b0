"""A deployment at night: its processes, what can happen to them, and the scripts that people have."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import text

from backend.broker.server.connection import connect
from backend.domain.errors import Unavailable
from backend.embedded.servers import Servers
from backend.history.server.connection import connect as connect_history
from backend.history.server.connection import translated
from tests.eventually import eventually
from tests.integration.history.databases import forget_controls
from tests.integration.runtime.cluster import ROOT, Cluster

_STATE = text("SELECT status FROM jobs WHERE id = :id")


class Night:
    """One deployment. Scripts run in processes of their own, as a person runs them."""

    def __init__(self, servers: Servers, folder: Path) -> None:
        self.servers = servers
        client = connect(servers.redis_url)
        client.flushall()
        client.close()
        forget_controls(servers.database_url)
        self.cluster = Cluster(
            servers.redis_url,
            folder,
            JOB_QUEUE_DATABASE_URL=servers.database_url,
            TALLY_WORKER__HEARTBEAT="0.5",
            TALLY_WORKER__LEASE="60",
            TALLY_SCHEDULER__RESCUE_GRACE="1",
            **{f"TALLY_METRICS__{name}_PORT": "0" for name in ("WORKER", "SCHEDULER", "RECORDER")},
        )
        shim = folder / "bin" / "tally"
        shim.parent.mkdir()
        shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m backend.cli.main "$@"\n')
        shim.chmod(0o700)
        self._engine = connect_history(servers.database_url)
        self._environment = {
            **self.cluster.environment,
            "PATH": f"{shim.parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
        }

    def start(self) -> None:
        """Starts what runs in production."""
        for process in ("scheduler", "recorder"):
            self.cluster.start(process)
        self.cluster.workers("default")

    def end(self) -> None:
        """Ends it all."""
        self.cluster.end()
        self._engine.dispose()

    def run(self, *words: str, status: int | None = 0) -> str:
        """What a script, or `tally`, answered; ``status`` None: however it ended."""
        command = [str(ROOT / "scripts" / words[0]) if words[0].endswith(".sh") else words[0]]
        ended = subprocess.run(
            [*command, *words[1:]],
            env=self._environment,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        if status is not None and ended.returncode != status:
            raise AssertionError(f"{words}: {ended}\n{self.cluster.log()}")
        return ended.stdout + ended.stderr

    def tally(self, *words: str, status: int | None = 0) -> str:
        """What the command answered."""
        return self.run("tally", *words, status=status)

    def json(self, *words: str) -> Any:
        """What the command answered for programs."""
        ended = self.tally(*words, "--json")
        return json.loads(ended)

    def findings(self) -> set[str]:
        """What the doctor finds wrong."""
        answer = self.tally("doctor", "--json", status=None)
        return {finding["code"] for finding in json.loads(answer) if finding["level"] == "wrong"}

    def recorded(self, job_id: str, state: str) -> None:
        """Blocks until the record says so, and `tally` with it."""
        eventually(lambda: self._state_on_record(job_id) == state, 30, self.cluster.log)
        words = ("history", "search", "--source", "history", "--state", state)
        assert job_id in self.tally(*words)

    def _state_on_record(self, job_id: str) -> str:
        """Empty while there is none, or Postgres is away."""
        try:
            with translated(), self._engine.connect() as connection:
                return str(connection.execute(_STATE, {"id": job_id}).scalar() or "")
        except Unavailable:
            return ""
