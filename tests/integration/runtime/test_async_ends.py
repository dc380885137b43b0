"""The end of a process with many async jobs in flight: nothing is lost, and nobody pays for it."""

from __future__ import annotations

import os
import signal

from backend.domain.jobs.job_state import JobState
from tests.eventually import eventually
from tests.integration.runtime.cluster import Cluster


def in_flight(cluster: Cluster, jobs: int = 80) -> list[str]:
    """Jobs that all run at once."""
    gate = {"until": str(cluster.folder / "go")}
    ids = [cluster.enqueue("async_hold", gate) for _ in range(jobs)]
    eventually(lambda: set(ids) <= set(cluster.lines()), timeout=20, show=cluster.log)
    return ids


def test_sigterm_waits_then_cancels_and_gives_all_back_uncharged(cluster: Cluster) -> None:
    cluster.environment["TALLY_WORKER__GRACE"] = "0.3"
    supervisor = cluster.workers()
    # Few: a busy machine may not get to the last words of many in the seconds that they have.
    ids = in_flight(cluster, 3)

    supervisor.terminate()

    assert supervisor.wait(60) == 0
    jobs = [cluster.job(job_id) for job_id in ids]
    assert {(job.state, job.failures) for job in jobs} == {(JobState.QUEUED, 0)}
    assert {f"{job_id} stopping" for job_id in ids} <= set(cluster.lines())
    assert cluster.difference() == 0


def test_sigquit_cancels_what_it_gives_back(cluster: Cluster) -> None:
    cluster.environment["TALLY_WORKER__GRACE"] = "60"
    supervisor = cluster.workers()
    ids = in_flight(cluster, 3)

    supervisor.send_signal(signal.SIGQUIT)

    assert supervisor.wait(60) == 0
    jobs = [cluster.job(job_id) for job_id in ids]
    assert {(job.state, job.failures) for job in jobs} == {(JobState.QUEUED, 0)}
    assert {f"{job_id} stopping" for job_id in ids} <= set(cluster.lines())
    assert cluster.difference() == 0


def test_sigterm_lets_what_ends_within_its_grace_end(cluster: Cluster) -> None:
    cluster.environment["TALLY_WORKER__GRACE"] = "60"
    supervisor = cluster.workers()
    ids = in_flight(cluster)

    supervisor.terminate()
    eventually(lambda: "worker.stopping" in cluster.log(), show=cluster.log)
    (cluster.folder / "go").touch()

    assert supervisor.wait(60) == 0
    jobs = [cluster.job(job_id) for job_id in ids]
    assert {(job.state, job.attempt) for job in jobs} == {(JobState.FINISHED, 1)}


def test_what_handlers_share_is_opened_once_and_closed_with_their_process(cluster: Cluster) -> None:
    witness = cluster.folder / "seen"
    cluster.environment["TALLY_TEST_WITNESS"] = str(witness)
    supervisor = cluster.workers()
    ids = [
        cluster.enqueue(kind) for kind in ("async_shared", "isolated_async_shared") for _ in "ab"
    ]
    pids = [cluster.ended(job_id).result for job_id in ids]

    supervisor.terminate()

    assert supervisor.wait(60) == 0
    assert (pids[0], len(set(pids))) == (pids[1], len(set(pids[2:])) + 1)
    lines = witness.read_text().splitlines()
    assert sorted(lines) == sorted(
        f"{pid} {what}" for pid in set(pids) for what in ("opened", "closed")
    )


def test_sigkill_loses_nothing_and_charges_nobody(cluster: Cluster) -> None:
    cluster.workers()
    ids = in_flight(cluster)

    os.kill(cluster.pids()[0], signal.SIGKILL)
    (cluster.folder / "go").touch()

    jobs = [cluster.ended(job_id) for job_id in ids]
    assert {(job.state, job.failures) for job in jobs} == {(JobState.FINISHED, 0)}
    assert all(cluster.lines().count(job_id) == 2 for job_id in ids)
    assert cluster.difference() == 0
