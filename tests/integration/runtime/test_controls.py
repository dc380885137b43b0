"""What operators can do while jobs wait and run, on real worker processes."""

from __future__ import annotations

import time

import pytest

from backend.domain.access.actor import Actor
from backend.domain.errors import IllegalMove, JobNotFound
from backend.domain.jobs.job_state import JobState
from backend.services.jobs.job_control import JobControl
from tests.eventually import eventually
from tests.integration.runtime.cluster import Cluster

ADA = Actor("ada")


@pytest.fixture
def control(cluster: Cluster) -> JobControl:
    """The service."""
    return cluster.platform.job_control


def test_waiting_jobs_are_canceled_at_once_and_final_ones_not_at_all(
    cluster: Cluster, control: JobControl
) -> None:
    queued, scheduled = cluster.enqueue("note"), cluster.enqueue("note", delay=60)

    assert control.cancel(queued, by=ADA, reason="a mistake") == "canceled"
    assert control.cancel(scheduled, by=ADA) == "canceled"

    with pytest.raises(IllegalMove):
        control.cancel(queued, by=ADA)
    with pytest.raises(JobNotFound):
        control.cancel("nobody", by=ADA)
    assert cluster.difference() == 0


def test_a_limit_on_a_type_holds_in_the_whole_cluster_and_no_crash_leaks_its_slots(
    cluster: Cluster, control: JobControl
) -> None:
    control.limit("hold", 2, by=ADA)
    supervisors = [cluster.workers(concurrency=4) for _ in range(2)]
    gate = cluster.folder / "go"
    jobs = [cluster.enqueue("hold", {"until": str(gate)}) for _ in range(6)]
    gate_of = cluster.platform.inspection.gate
    # The last of them may still be on its way to the gate when the first two run.
    eventually(lambda: gate_of("type:hold")[1] == 4, timeout=10, show=cluster.log)
    eventually(lambda: len(cluster.lines()) == 2, timeout=10, show=cluster.log)
    holders, parked = gate_of("type:hold")
    assert (len(holders), parked) == (2, 4)

    for pid in cluster.pids():
        cluster_kill(pid)
    gate.touch()

    for job_id in jobs:
        assert cluster.ended(job_id).state is JobState.FINISHED
    assert cluster.platform.inspection.gate("type:hold") == ([], 0)
    assert all(supervisor.poll() is None for supervisor in supervisors)
    assert cluster.difference() == 0


def cluster_kill(pid: int) -> None:
    """SIGKILL to one worker process."""
    import os
    import signal

    os.kill(pid, signal.SIGKILL)


def test_low_gets_its_share_while_high_waits(cluster: Cluster) -> None:
    service = cluster.platform.queue_service
    payload = {"file": str(cluster.file)}
    high = service.enqueue_many(
        [{"job_type": "note", "payload": payload, "priority": "high"}] * 400
    )
    low = service.enqueue_many([{"job_type": "note", "payload": payload, "priority": "low"}] * 60)

    cluster.workers(concurrency=1)
    eventually(lambda: len(cluster.lines()) >= 300, timeout=20, show=cluster.log)

    first = cluster.lines()[:300]
    low_share = sum(1 for job_id in first if job_id in set(low)) / len(first)
    assert 0.08 <= low_share <= 0.12
    in_order = [job_id for job_id in cluster.lines() if job_id in set(high)]
    assert in_order == [job_id for job_id in high if job_id in set(in_order)]


def test_an_idempotency_key_makes_one_job(cluster: Cluster) -> None:
    first = cluster.enqueue("note", idempotency_key="order-7")

    assert cluster.enqueue("note", idempotency_key="order-7") == first


def test_a_job_that_expired_before_it_started_never_runs(cluster: Cluster) -> None:
    from datetime import UTC, datetime, timedelta

    job_id = cluster.enqueue("note", expires_at=datetime.now(UTC) + timedelta(seconds=0.1))
    time.sleep(0.15)  # its time must pass before there is a worker
    cluster.workers()

    assert cluster.ended(job_id).state is JobState.CANCELED
    assert cluster.lines() == []


def test_a_waiting_job_can_be_moved_to_the_front_of_another_priority(
    cluster: Cluster, control: JobControl
) -> None:
    first, second = (
        cluster.enqueue("note", priority="low"),
        cluster.enqueue("note", priority="high"),
    )

    assert control.reprioritise(first, "high", by=ADA, front=True) == "high"

    assert cluster.platform.inspection.waiting("high", 0, 9) == [first, second]
    assert cluster.difference() == 0


def test_a_job_that_waits_for_tomorrow_can_be_run_now(
    cluster: Cluster, control: JobControl
) -> None:
    job_id = cluster.enqueue("note", delay=86_400)
    cluster.workers()

    assert control.run_now(job_id, by=ADA, reason="it is urgent after all") == "normal"

    assert cluster.ended(job_id).state is JobState.FINISHED
    assert cluster.lines() == [job_id]
    with pytest.raises(IllegalMove, match="finished; only scheduled jobs"):
        control.run_now(job_id, by=ADA)
    with pytest.raises(JobNotFound):
        control.run_now("nobody", by=ADA)


def test_purging_a_queue_cancels_what_waits(cluster: Cluster, control: JobControl) -> None:
    jobs = [cluster.enqueue("note") for _ in range(450)]

    assert control.purge("normal", by=ADA, reason="a bad import") == 450

    assert cluster.job(jobs[-1]).state is JobState.CANCELED
    assert cluster.difference() == 0
