"""A deployment with a job in every state, and RQ's own command line beside it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backend.broker.keys import Keys
from backend.broker.server import library
from backend.broker.server.connection import connect
from backend.embedded.servers import Servers
from tests.integration.broker.bench import Bench

ROOT = Path(__file__).parents[3]
RqCommand = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def bench(servers: Servers) -> Iterator[Bench]:
    """An empty Redis with our functions; everything in it must add up after each test."""
    client = connect(servers.redis_url)
    client.flushall()
    library.load(client)
    bench = Bench(client, Keys("rq"))
    yield bench
    if not bench.tampered:
        assert bench.complaints() == []
    client.close()


@pytest.fixture
def rq(servers: Servers) -> RqCommand:
    """Runs ``rq COMMAND …`` against the session's Redis as an operator would."""

    def run(
        command: str, *words: str, url: str = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "rq.cli", command, "-u", url or servers.redis_url, *words],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore", **environment},
        )

    return run
