"""Both kinds in one queue: neither waits behind the other for a thread, or for a place in the loop.

Nor does anything of the process wait for a loop that a handler blocks.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from backend.domain.jobs.job_state import JobState
from tests.integration.runtime.cluster import Cluster
from tests.integration.runtime.conftest import QUICK_BEATS


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
    small = make_cluster(**QUICK_BEATS, TALLY_WORKER__ASYNC_SLOTS="2")
    small.workers()
    busy = held(small, "async_hold", 2)
    behind = [small.enqueue("async_note") for _ in range(150)]
    passing = [small.enqueue("note") for _ in range(20)]

    assert {small.ended(job_id).attempt for job_id in passing} == {1}
    assert states(small, behind) == {JobState.QUEUED}

    (small.folder / "go").touch()
    assert {small.ended(job_id).attempt for job_id in (*busy, *behind)} == {1}
    assert small.difference() == 0


def test_one_that_blocks_the_loop_is_named_and_no_lease_is_lost(short_leased: Cluster) -> None:
    short_leased.workers()
    beside = held(short_leased, "async_hold", 20)

    # Longer than a lease: who renews it may not depend on the loop.
    blocking = short_leased.ended(short_leased.enqueue("async_block", {"seconds": 10}))
    (short_leased.folder / "go").touch()

    assert (blocking.state, blocking.attempt) == (JobState.FINISHED, 1)
    ended = [short_leased.ended(job_id) for job_id in beside]
    assert {(job.attempt, job.failures) for job in ended} == {(1, 0)}
    lines = [json.loads(x) for x in short_leased.log().splitlines() if x.startswith("{")]
    # On a machine that is busy others may have kept it waiting too, for moments.
    named = [
        line for line in lines if line["event"] == "loop.blocked" and line["job_id"] == blocking.id
    ]
    assert {line["job_type"] for line in named} == {"async_block"}
    assert any("in _block" in line["stack"].splitlines()[-2] for line in named)
    assert short_leased.difference() == 0
