"""A receiver is away while many jobs for it wait: they lose no attempt, and nobody else waits for it.

The suite runs a short form; ``TALLY_TEST_DRILL=full`` has 10,000 webhooks for a receiver that is away for
five minutes, and 1,000 for others: ``TALLY_TEST_DRILL=full pytest -s`` with the name of this file.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import pytest

from backend.broker.server.connection import connect
from backend.domain.jobs.job import JobView
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.options.breaker import Breaker
from backend.domain.jobs.options.breaker_state import BreakerStatus
from backend.domain.jobs.queue_name import Priority, QueueName
from backend.embedded.servers import Servers
from tests.eventually import eventually
from tests.free_port import free_port
from tests.integration.runtime.cluster import Cluster
from tests.jobs.delivering import BREAKER
from workers.job_types.declaration import declaration_of
from workers.webhook_worker import WebhookWorker


class Drill(NamedTuple):
    """How hard it is."""

    job_type: str
    lane: str
    name: str
    jobs: int
    #: How long the receiver is away at least, and how often its breaker opens meanwhile.
    seconds: float
    trips: int
    #: How many batches for others are timed while all is well, and as many while jobs wait aside.
    batches: int
    breaker: Breaker


_SHIPPED = declaration_of(WebhookWorker.send_webhook)
assert _SHIPPED is not None
SHORT = Drill("push", "default", "push", 120, 0, 2, 1, BREAKER)
FULL = Drill("send_webhook", "webhook", "webhook", 10_000, 300, 3, 9, _SHIPPED.fields["breaker"])
DRILL = FULL if os.environ.get("TALLY_TEST_DRILL") == "full" else SHORT
#: Each of them takes so many at once.
PROCESSES, SLOTS = 2, 4
SETTINGS = {
    "TALLY_WEBHOOK__ALLOW_HTTP": "true",
    "TALLY_WEBHOOK__ALLOW_UNSIGNED": "true",
    "TALLY_WEBHOOK__PORTS": "",
    "TALLY_WEBHOOK__ALLOWED_NETWORKS": "127.0.0.0/8",
}


class Host:
    """An address on this machine, where sometimes somebody listens."""

    def __init__(self) -> None:
        # Bound, so that nobody else has it, and not listened to: who connects is refused.
        self._held = socket.socket()
        self._held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # None of those that the system gives away: it is free again for a moment before it listens.
        self._held.bind(("127.0.0.1", free_port()))
        self.port: int = self._held.getsockname()[1]
        self._server: ThreadingHTTPServer | None = None
        self.received = 0

    @property
    def url(self) -> str:
        """Where jobs send to."""
        return f"http://127.0.0.1:{self.port}/in"

    def listen(self) -> None:
        """From now on it answers."""
        host, lock = self, threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                with lock:
                    host.received += 1
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Says nothing."""

        self._held.close()
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Nobody listens any more."""
        self._held.close()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()


@contextmanager
def _hosts() -> Iterator[tuple[Host, Host]]:
    hosts = (Host(), Host())
    try:
        yield hosts
    finally:
        for host in hosts:
            host.close()


@pytest.fixture
def cluster(servers: Servers, tmp_path: Path) -> Iterator[Cluster]:
    """Workers and a scheduler."""
    client = connect(servers.redis_url)
    client.flushall()
    client.close()
    cluster = Cluster(servers.redis_url, tmp_path, **SETTINGS)
    cluster.start("scheduler")
    cluster.workers(DRILL.lane, processes=PROCESSES, concurrency=SLOTS)
    yield cluster
    cluster.end()


def _enqueue(cluster: Cluster, host: Host, jobs: int) -> list[str]:
    payloads: list[dict[str, Any]] = [{"url": host.url, "number": n} for n in range(jobs)]
    if DRILL.job_type == "send_webhook":
        payloads = [{"url": host.url, "body": {"number": n}} for n in range(jobs)]
    ids: list[str] = []
    for at in range(0, jobs, 500):
        requests = [{"job_type": DRILL.job_type, "payload": p} for p in payloads[at : at + 500]]
        ids += cluster.platform.queue_service.enqueue_many(requests)
    return ids


def _waiting(cluster: Cluster) -> bool:
    """Whether any job waits in the queue itself, not aside."""
    queue = str(QueueName(Priority.NORMAL, DRILL.lane))
    return bool(cluster.platform.inspection.waiting(queue, 0, 1))


def _views(cluster: Cluster, ids: list[str]) -> list[JobView]:
    found: list[JobView] = []
    for at in range(0, len(ids), 500):
        found += cluster.platform.inspection.jobs(ids[at : at + 500])
    return found


def _all_done(cluster: Cluster, ids: list[str], patience: float) -> list[JobView]:
    """The jobs once the last of them is finished."""

    def look() -> list[JobView]:
        assert cluster.platform.inspection.dead_count() == 0, cluster.log()
        views = _views(cluster, ids)
        done = sum(view.state is JobState.FINISHED for view in views)
        return views if done == len(ids) else []

    return eventually(look, timeout=patience, show=cluster.log)


def _done_for(cluster: Cluster, host: Host) -> list[JobView]:
    """A tenth as many jobs as there are for the one that is away, once all are finished."""
    return _all_done(cluster, _enqueue(cluster, host, DRILL.jobs // 10), 60)


def _waits(views: list[JobView]) -> list[float]:
    """Seconds from acceptance to the start, in order."""
    pairs = [(view.created_at, view.started_at) for view in views]
    return sorted((end - begin).total_seconds() for begin, end in pairs if begin and end)


@pytest.mark.timeout(3600)
def test_jobs_for_a_receiver_that_is_away_lose_no_attempt_and_hold_nobody_up(
    cluster: Cluster,
) -> None:
    breakers = cluster.platform.breaker_service
    with _hosts() as (away, fine):
        fine.listen()
        destination = f"{DRILL.name}:127.0.0.1:{away.port}"
        # As all is well: what others wait then is what they may wait later.
        before = [_done_for(cluster, fine) for _ in range(DRILL.batches)]
        back_at = time.monotonic() + DRILL.seconds
        for_away = _enqueue(cluster, away, DRILL.jobs)
        eventually(lambda: breakers.find(destination).trips >= 1, 60, cluster.log)

        # Before the receiver is back: while the jobs for it are put aside, and once they are.
        others = _done_for(cluster, fine)
        eventually(lambda: not _waiting(cluster), 60, cluster.log)
        later = [_done_for(cluster, fine) for _ in range(DRILL.batches)]
        assert {(each.attempt, each.failures) for each in sum(later, others)} == {(1, 0)}
        assert away.received == 0
        eventually(
            lambda: breakers.find(destination).trips >= DRILL.trips and time.monotonic() >= back_at,
            timeout=max(60, DRILL.seconds),
        )

        away.listen()

        delivered = _all_done(cluster, for_away, max(60, DRILL.seconds))
        eventually(lambda: breakers.find(destination).status is BreakerStatus.CLOSED, 30)
    charged = sum(view.failures for view in delivered)
    starts = sorted(view.started_at.timestamp() for view in delivered if view.started_at)
    _tell({"before": before, "as it opened": [others], "later": later})
    print(f"{len(starts)} came in {starts[-1] - starts[0]:.1f} s of its return; {charged} charged")
    # What opened it is not charged either, nor is anything after.
    assert charged < DRILL.breaker.failures
    assert away.received >= DRILL.jobs
    assert cluster.platform.inspection.dead_count() == 0
    assert _is_ramped(starts)
    assert cluster.difference() == 0


def _is_ramped(starts: list[float]) -> bool:
    """In all 2^seconds after the probe, each a start: by Redis' own clock."""
    early = [(at - starts[0], number) for number, at in enumerate(starts[1:], 1)]
    return all(number <= 1 + 2 ** (after + 0.002) for after, number in early)


def _tell(batches: dict[str, list[list[JobView]]]) -> None:
    """The figures, for who asks for them with ``-s``. In the first batch processes are still warming up."""
    usual = median(_latest(views) for views in batches["before"][1:] or batches["before"])
    for when, timed in batches.items():
        latest = [_latest(views) for views in timed]
        all_of_them = " ".join(f"{seconds:.2f}" for seconds in latest)
        told = f"{median(latest):.3f} s, {median(latest) / usual:.2f} of before ({all_of_them})"
        print(f"\nothers' p95 wait {when}: {told}", end="")
    print()


def _latest(views: list[JobView]) -> float:
    return _waits(views)[int(len(views) * 0.95)]
