"""Orderly stops: what runs is finished, the rest is given back, uncharged, at the front."""

from __future__ import annotations

import signal
import time

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
