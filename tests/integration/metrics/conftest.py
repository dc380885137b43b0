"""A deployment whose processes serve their metrics on ports of their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from backend.broker.server.connection import connect
from backend.embedded.servers import Servers
from tests.free_port import free_port
from tests.integration.cli.conftest import record_url
from tests.integration.history.databases import forget_controls
from tests.integration.runtime.cluster import Cluster

__all__ = ["record_url"]


@dataclass(frozen=True)
class Deployment:
    """A cluster, and where its processes are scraped."""

    cluster: Cluster
    worker_port: int
    scheduler_port: int
    recorder_port: int


@pytest.fixture
def deployment(servers: Servers, record_url: str, tmp_path: Path) -> Iterator[Deployment]:
    """Nothing runs yet."""
    client = connect(servers.redis_url)
    client.flushall()
    client.close()
    forget_controls(record_url)
    ports = [free_port() for _ in range(3)]
    cluster = Cluster(
        servers.redis_url,
        tmp_path,
        JOB_QUEUE_DATABASE_URL=record_url,
        TALLY_METRICS__WORKER_PORT=str(ports[0]),
        TALLY_METRICS__SCHEDULER_PORT=str(ports[1]),
        TALLY_METRICS__RECORDER_PORT=str(ports[2]),
        TALLY_WORKER__HEARTBEAT="0.5",
        TALLY_WORKER__LEASE="60",
    )
    yield Deployment(cluster, *ports)
    cluster.end()
