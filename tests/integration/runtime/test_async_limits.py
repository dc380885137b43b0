"""Async handlers that do not end, or keep the loop from others: each is ended alone."""

from __future__ import annotations

import json
from typing import Any

from backend.domain.jobs.job_state import JobState
from tests.eventually import eventually
from tests.integration.runtime.cluster import Cluster


def held(pool: Cluster, jobs: int) -> list[str]:
    """So many jobs that run until the gate opens."""
    ids = [pool.enqueue("async_hold", {"until": str(pool.folder / "go")}) for _ in range(jobs)]
    for job_id in ids:
        pool.running(job_id)
    return ids


def said(pool: Cluster, event: str, job_id: str) -> list[dict[str, Any]]:
    """What the process log says of a job under one event."""
    lines = [json.loads(line) for line in pool.log().splitlines() if line.startswith("{")]
    return [line for line in lines if (line["event"], line.get("job_id")) == (event, job_id)]


def test_one_that_swallows_its_cancellation_is_given_up_and_its_process_lives(
    pool: Cluster,
) -> None:
    before = pool.pids()
    beside = held(pool, 3)

    job = pool.ended(pool.enqueue("async_stubborn", {"until": str(pool.folder / "go")}))

    assert job.state is JobState.FAILED
    assert job.error is not None
    assert (job.error.reason, job.error.error) == ("timeout", "HardLimitReached")
    assert "ignored its cancellation" in job.error.message
    assert pool.ended(pool.enqueue("async_note")).result["pid"] == before[0]
    (pool.folder / "go").touch()
    assert [pool.ended(job_id).attempt for job_id in beside] == [1, 1, 1]
    # It goes on as long as it likes; what comes of it counts for nothing.
    eventually(lambda: f"{job.id} ended" in pool.lines(), show=pool.log)
    assert pool.job(job.id).state is JobState.FAILED


def test_one_that_blocks_the_loop_is_named_and_no_lease_is_lost(pool: Cluster) -> None:
    beside = held(pool, 20)

    # Longer than a lease: who renews it may not depend on the loop.
    blocking = pool.ended(pool.enqueue("async_block", {"seconds": 4}))
    (pool.folder / "go").touch()

    assert (blocking.state, blocking.attempt) == (JobState.FINISHED, 1)
    assert {(pool.ended(job_id).attempt, pool.job(job_id).failures) for job_id in beside} == {
        (1, 0)
    }
    [first, *_] = said(pool, "loop.blocked", blocking.id)
    assert first["job_type"] == "async_block"
    assert "in _block" in first["stack"].splitlines()[-2]
    assert pool.difference() == 0


def test_a_stop_by_force_cancels_its_task(pool: Cluster) -> None:
    [job_id] = held(pool, 1)

    pool.platform.queue_service.cancel_job(job_id, force=True)

    assert pool.ended(job_id).state is JobState.CANCELED
    eventually(lambda: f"{job_id} canceled" in pool.lines(), show=pool.lines)


def test_a_cancel_is_seen_by_the_handler(pool: Cluster) -> None:
    [job_id] = held(pool, 1)

    pool.platform.queue_service.cancel_job(job_id)

    assert pool.ended(job_id).state in {JobState.FINISHED, JobState.CANCELED}
    assert f"{job_id} canceled" not in pool.lines()
