"""Jobs over TLS: with a certificate that is checked. Needs a redis-server that was built with TLS."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import trustme
from redis.exceptions import RedisError

from backend.broker.jobs.wake_calls import RedisWakeCalls
from backend.broker.keys import Keys
from backend.broker.server import library
from backend.broker.server.connection import connect, connect_blocking
from backend.domain.errors import QueueUnavailable
from backend.domain.ports import ClaimPlan
from tests.eventually import eventually
from tests.free_port import free_port
from tests.integration.broker.bench import Bench, new_job
from tests.integration.runtime.cluster import ROOT, Cluster


@pytest.fixture
def tls_url(tmp_path: Path) -> Iterator[str]:
    """The URL of a Redis with config/redis.conf that speaks nothing but TLS."""
    binary = shutil.which("redis-server")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.crt")
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(tmp_path / "pem")
    port = free_port()
    words = f"--port 0 --tls-port {port} --tls-cert-file {tmp_path / 'pem'} --tls-auth-clients no"
    paths = f"--tls-key-file {tmp_path / 'pem'} --tls-ca-cert-file {tmp_path / 'ca.crt'}"
    if binary is None:
        pytest.skip("no redis-server is installed; the embedded one has no TLS")
    process = subprocess.Popen(
        [binary, ROOT / "config" / "redis.conf", *words.split(), *paths.split(), "--dir", tmp_path],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    url = f"rediss://localhost:{port}/0?ssl_ca_certs={tmp_path / 'ca.crt'}"
    eventually(lambda: process.poll() is not None or _answers(url))
    if process.poll() is not None:
        assert process.stdout is not None
        said = process.stdout.read().decode()
        process.stdout.close()
        pytest.skip(f"this redis-server has no TLS: {said.splitlines()[-1]}")
    yield url
    process.terminate()
    process.wait(120)
    if process.stdout is not None:
        process.stdout.close()


def _answers(url: str) -> bool:
    client = connect(url)
    try:
        return bool(client.ping())
    except RedisError:
        return False
    finally:
        client.close()


def test_jobs_travel_over_tls(tls_url: str, tmp_path: Path) -> None:
    cluster = Cluster(tls_url, tmp_path)
    try:
        cluster.workers("default")

        assert cluster.ended(cluster.enqueue("note")).state == "finished"
    finally:
        cluster.end()


def test_a_certificate_nobody_vouches_for_is_refused(tls_url: str, tmp_path: Path) -> None:
    stranger = trustme.CA()
    stranger.cert_pem.write_to_path(tmp_path / "stranger.crt")
    url = tls_url.partition("?")[0] + f"?ssl_ca_certs={tmp_path / 'stranger.crt'}"

    with pytest.raises(QueueUnavailable):
        Cluster(url, tmp_path)


def test_an_idle_worker_over_tls_ends_its_wait_and_takes_no_job_along(tls_url: str) -> None:
    """It says that it has nothing more to say below the encryption, and still reads what comes."""
    client, blocking = connect(tls_url), connect_blocking(tls_url)
    bench = Bench(client, Keys())
    library.load(client)
    calls = RedisWakeCalls(
        client, blocking, bench.keys, worker="w1", lanes=["default"], lease_seconds=60
    )
    plan = [ClaimPlan("normal", 0)]
    with ThreadPoolExecutor() as threads:
        bench.seed(new_job("a"))
        assert [job.id for job in calls.claim_when_woken(plan, 1, 20)] == ["a"]
        waiting = threads.submit(calls.claim_when_woken, plan, 1, 20)
        eventually(lambda: client.info("clients")["blocked_clients"] == 1)

        calls.end()

        assert waiting.result(20) == []
    bench.seed(new_job("b"))
    assert bench.queue() == ["b"]
    for made in (client, blocking):
        made.close()
