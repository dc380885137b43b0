"""Both kinds in one queue: neither waits behind the other for a thread, or for a place in the loop."""

from __future__ import annotations

from collections.abc import Callable

from backend.domain.jobs.job_state import JobState
from tests.integration.runtime.cluster import Cluster
from tests.integration.runtime.conftest import SHORT_LEASES


def held(cluster: Cluster, job_type: str, jobs: int) -> list[str]:
    """So many jobs that run until the gate opens."""
    ids = [cluster.enqueue(job_type, {"until": str(cluster.folder / "go")}) for _ in range(jobs)]
    for job_id in ids:
        cluster.running(job_id)
    return ids


def states(cluster: Cluster, job_ids: list[str]) -> set[JobState]:
    """How they stand."""
    return {cluster.job(job_id).state for job_id in job_ids}


def test_async_jobs_pass_plain_ones_while_every_thread_is_busy(cluster: Cluster) -> None:
    cluster.workers(concurrency=2)
    busy = held(cluster, "hold", 2)
    behind = [cluster.enqueue("note") for _ in range(150)]
    passing = [cluster.enqueue("async_note") for _ in range(5)]

    assert {cluster.ended(job_id).attempt for job_id in passing} == {1}
    assert states(cluster, behind) == {JobState.QUEUED}

    (cluster.folder / "go").touch()
    assert {cluster.ended(job_id).attempt for job_id in (*busy, *behind)} == {1}
    assert cluster.difference() == 0


def test_plain_jobs_pass_async_ones_while_the_loop_is_full(
    make_cluster: Callable[..., Cluster],
) -> None:
    small = make_cluster(**SHORT_LEASES, TALLY_WORKER__ASYNC_SLOTS="2")
    small.workers()
    busy = held(small, "async_hold", 2)
    behind = [small.enqueue("async_note") for _ in range(150)]
    passing = [small.enqueue("note") for _ in range(20)]

    assert {small.ended(job_id).attempt for job_id in passing} == {1}
    assert states(small, behind) == {JobState.QUEUED}

    (small.folder / "go").touch()
    assert {small.ended(job_id).attempt for job_id in (*busy, *behind)} == {1}
    assert small.difference() == 0
