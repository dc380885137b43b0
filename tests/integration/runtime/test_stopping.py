"""Orderly stops: what runs is finished, the rest is given back, uncharged, at the front."""

from __future__ import annotations

import signal
import time

import psutil
from rq.command import send_shutdown_command, send_stop_job_command
from rq.serializers import JSONSerializer
from rq.suspension import resume, suspend

from backend.domain.job_state import JobState
from tests.eventually import eventually
from tests.integration.runtime.cluster import Cluster


def test_sigterm_finishes_what_runs_and_leaves_what_waits(cluster: Cluster) -> None:
    supervisor = cluster.workers(concurrency=1)
    running = cluster.enqueue("nap", {"seconds": 0.5})
    cluster.running(running)
    waiting = cluster.enqueue("note")

    supervisor.terminate()

    assert supervisor.wait(10) == 0
    assert cluster.job(running).state is JobState.FINISHED
    job = cluster.job(waiting)
    assert (job.state, job.failures) == (JobState.QUEUED, 0)
    assert cluster.pids() == []


def test_what_outlives_the_grace_period_is_given_back_uncharged(cluster: Cluster) -> None:
    cluster.environment["TALLY_WORKER__GRACE"] = "0.3"
    supervisor = cluster.workers()
    first = cluster.enqueue("hold", {"until": str(cluster.folder / "never")})
    cluster.running(first)
    second = cluster.enqueue("note", job_id="behind", delay=3600)

    supervisor.terminate()

    assert supervisor.wait(10) == 0
    job = cluster.job(first)
    assert (job.state, job.failures) == (JobState.QUEUED, 0)
    assert cluster.platform.inspection.position(first, "normal") == 0
    assert cluster.job(second).state is JobState.SCHEDULED


def test_a_second_signal_gives_back_at_once(cluster: Cluster) -> None:
    supervisor = cluster.workers()
    job_id = cluster.enqueue("hold", {"until": str(cluster.folder / "never")})
    cluster.running(job_id)

    stopped_at = time.monotonic()
    supervisor.send_signal(signal.SIGINT)
    eventually(lambda: "worker.stopping" in cluster.log(), timeout=5, show=cluster.log)
    supervisor.send_signal(signal.SIGINT)

    assert supervisor.wait(10) == 0
    assert time.monotonic() - stopped_at < 4
    assert cluster.job(job_id).state is JobState.QUEUED


def test_rqs_shutdown_command_stops_a_worker_process_in_order(cluster: Cluster) -> None:
    cluster.workers()
    worker = cluster.platform.inspection.workers()[0]
    eventually(lambda: _listens(cluster, worker.name), timeout=5)

    send_shutdown_command(cluster.platform.redis, worker.name)

    eventually(lambda: not psutil.pid_exists(worker.pid), timeout=10, show=cluster.log)


def test_rqs_stop_job_command_stops_the_job_by_force(cluster: Cluster) -> None:
    cluster.workers()
    job_id = cluster.enqueue("hold", {"until": str(cluster.folder / "never")})
    cluster.running(job_id)
    eventually(lambda: _listens(cluster, cluster.job(job_id).worker), timeout=5)

    send_stop_job_command(cluster.platform.redis, job_id, serializer=JSONSerializer)

    assert cluster.ended(job_id).state is JobState.CANCELED


def test_rq_suspend_holds_everything_and_resume_lets_it_go(cluster: Cluster) -> None:
    cluster.workers()
    suspend(cluster.platform.redis)
    job_id = cluster.enqueue("note")
    eventually(lambda: cluster.platform.redis.llen("rq:tally:wake:default") == 0, timeout=5)
    assert cluster.job(job_id).state is JobState.QUEUED

    resume(cluster.platform.redis)

    assert cluster.ended(job_id, timeout=10).state is JobState.FINISHED


def _listens(cluster: Cluster, worker: str) -> bool:
    channel = f"rq:pubsub:{worker}"
    return dict(cluster.platform.redis.pubsub_numsub(channel))[channel.encode()] > 0
