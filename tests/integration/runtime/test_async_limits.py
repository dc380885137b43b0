"""Async handlers that do not end: each is ended alone."""

from __future__ import annotations

from backend.domain.jobs.job_state import JobState
from tests.eventually import eventually
from tests.integration.runtime.cluster import Cluster


def held(pool: Cluster, jobs: int) -> list[str]:
    """So many jobs that run until the gate opens."""
    ids = [pool.enqueue("async_hold", {"until": str(pool.folder / "go")}) for _ in range(jobs)]
    for job_id in ids:
        pool.running(job_id)
    return ids


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
