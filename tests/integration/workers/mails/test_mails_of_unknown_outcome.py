"""Mails that a server took whole and never confirmed, through Redis and real worker processes."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable

from backend.domain.access.actor import Actor
from tests.integration.runtime.cluster import Cluster
from tests.integration.workers.mail_servers import RudeServer, drop

ADA = Actor("ada")
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


def test_a_mail_under_way_at_its_job_s_time_limit_is_left_to_a_person(
    start_rude_server: Start, deploy_email: Deploy
) -> None:
    server = start_rude_server()
    server.steps["."] = lambda _connection: server.ended.wait() and None
    cluster = deploy_email(server, TALLY_MAIL__UNKNOWN_OUTCOME="fail")
    cluster.workers("email")

    # Longer than a busy machine takes until the mail is under way.
    job = cluster.ended(send(cluster, timeout=20))

    assert (job.state, job.attempt) == ("failed", 1)
    assert job.error is not None
    assert "Look for its Message-ID" in job.error.message
    assert len(server.taken) == 1


def test_a_mail_under_way_when_its_worker_was_killed_is_left_to_a_person(
    start_rude_server: Start, deploy_email: Deploy
) -> None:
    """Who looked, and redrives the job all the same, has it sent again."""
    server, under_way = start_rude_server(), threading.Event()

    def until_the_worker_is_gone(connection: socket.socket) -> None:
        server.steps["."] = server.USUAL["."]
        under_way.set()
        connection.recv(1)

    server.steps["."] = until_the_worker_is_gone
    cluster = deploy_email(server, TALLY_MAIL__UNKNOWN_OUTCOME="fail")
    cluster.workers("email")
    job_id = send(cluster)
    assert under_way.wait(60)
    os.kill(cluster.pids()[0], signal.SIGKILL)

    dead = cluster.ended(job_id)
    assert (dead.state, len(server.taken)) == ("failed", 1)
    assert dead.error is not None
    assert "an earlier attempt ended" in dead.error.message
    assert "Look for its Message-ID" in dead.error.message

    cluster.platform.job_control.redrive(job_id, by=ADA)

    assert (cluster.ended(job_id).state, len(server.taken)) == ("finished", 2)


def test_a_mail_that_waits_for_its_answer_ends_when_it_is_told_to(
    start_rude_server: Start, deploy_email: Deploy
) -> None:
    """Else its process is killed for it, and with that the mails beside it."""
    server, under_way = start_rude_server(), threading.Event()
    server.steps["."] = lambda _connection: under_way.set() or (server.ended.wait() and None)
    cluster = deploy_email(server)
    cluster.workers("email")
    before = cluster.pids()
    job_id = send(cluster)
    assert under_way.wait(60)

    cluster.platform.job_control.cancel(job_id, by=ADA, force=True)

    assert cluster.ended(job_id).state == "canceled"
    assert cluster.pids() == before
    assert "killed" not in cluster.log()
