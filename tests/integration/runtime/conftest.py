"""A clean Redis and a deployment on it: for one test, or for all tests of a module."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backend.broker.server.connection import connect
from backend.embedded.servers import Servers
from tests.integration.runtime.cluster import Cluster

#: What a worker is told it hears at once; nobody is taken for dead because the machine is busy.
QUICK_BEATS = {
    "TALLY_WORKER__HEARTBEAT": "0.5",
    "TALLY_WORKER__LEASE": "60",
    "TALLY_SCHEDULER__RESCUE_GRACE": "1",
}
#: For what happens when a lease ends.
SHORT_LEASES = {**QUICK_BEATS, "TALLY_WORKER__LEASE": "8"}


@pytest.fixture
def make_cluster(servers: Servers, tmp_path: Path) -> Iterator[Callable[..., Cluster]]:
    """Makes deployments with settings of their own; all are ended with the test."""
    client = connect(servers.redis_url)
    client.flushall()
    client.close()
    made: list[Cluster] = []

    def make(**settings: str) -> Cluster:
        made.append(Cluster(servers.redis_url, tmp_path, **settings))
        return made[-1]

    yield make
    for cluster in made:
        cluster.end()


@pytest.fixture
def cluster(make_cluster: Callable[..., Cluster]) -> Cluster:
    """A deployment whose workers hear soon what they are told."""
    return make_cluster(**QUICK_BEATS)


@pytest.fixture
def short_leased(make_cluster: Callable[..., Cluster]) -> Cluster:
    """A deployment with short leases."""
    return make_cluster(**SHORT_LEASES)


@pytest.fixture(scope="module")
def deployment(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One such for a whole module; not beside ``cluster``, which empties Redis."""
    client = connect(servers.redis_url)
    client.flushall()
    client.close()
    cluster = Cluster(servers.redis_url, tmp_path_factory.mktemp("deployment"), **QUICK_BEATS)
    yield cluster
    cluster.end()


@pytest.fixture(scope="module")
def at_work(deployment: Cluster) -> Cluster:
    """It with one worker process, which is replaced when a job takes it down."""
    deployment.workers()
    return deployment


@pytest.fixture
def pool(at_work: Cluster) -> Cluster:
    """The same, for one more test."""
    at_work.forget()
    return at_work
