"""Mails that a server took whole and never confirmed, through Redis and real worker processes."""

from __future__ import annotations

from collections.abc import Callable

from tests.integration.runtime.cluster import Cluster
from tests.integration.workers.mail_servers import RudeServer, drop

MAIL = {"to": "user@example.com", "subject": "Welcome!", "text": "Hi"}
Start = Callable[..., RudeServer]
Deploy = Callable[..., Cluster]


def send(cluster: Cluster, **options: object) -> str:
    return cluster.platform.queue_service.enqueue_job("send_email", MAIL, **options)


def test_a_server_that_had_the_whole_mail_was_reached(
    start_rude_server: Start, deploy_email: Deploy
) -> None:
    """Else its breaker opens, and mails that it sent are handed to it again without end, uncharged."""
    server = start_rude_server(**{".": drop})
    cluster = deploy_email(server)
    cluster.workers("email", concurrency=1)

    sent = [send(cluster, max_retries=0) for _ in range(7)]
    ended = [cluster.ended(job_id) for job_id in sent]

    assert [job.state for job in ended] == ["failed"] * 7
    assert all("it may have been sent" in job.error.message for job in ended if job.error)
    assert len(server.taken) == 7
    assert cluster.platform.breaker_service.not_closed() == []
