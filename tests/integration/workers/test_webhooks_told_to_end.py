"""Webhooks that wait for an answer, in a real worker process that is told to end them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

from backend.domain.access.actor import Actor
from tests.integration.runtime.cluster import Cluster
from tests.integration.workers.receivers import RawReceiver


def test_a_webhook_that_waits_for_its_answer_ends_when_it_is_told_to(
    start_raw_receiver: Callable[..., RawReceiver], deploy: Callable[..., Cluster]
) -> None:
    """Else its process is killed for it, and with that the webhooks beside it."""
    under_way = threading.Event()

    def silent(_connection: socket.socket, ended: threading.Event) -> None:
        under_way.set()
        ended.wait()

    receiver = start_raw_receiver(silent)
    cluster = deploy(
        TALLY_WEBHOOK__ALLOW_UNSIGNED="true",
        TALLY_WEBHOOK__ALLOW_HTTP="true",
        TALLY_WEBHOOK__PORTS="[]",
        TALLY_WEBHOOK__ALLOWED_NETWORKS='["127.0.0.0/8"]',
        TALLY_WEBHOOK__TOTAL_SECONDS="600",
    )
    cluster.workers("webhook")
    before = cluster.pids()
    job_id = cluster.platform.queue_service.enqueue_job(
        "send_webhook", {"url": receiver.url(), "body": {}}, timeout=600
    )
    assert under_way.wait(60)

    cluster.platform.job_control.cancel(job_id, by=Actor("ada"), force=True)

    assert cluster.ended(job_id).state == "canceled"
    assert cluster.pids() == before
    assert "killed" not in cluster.log()
