"""Async handlers in worker processes: they run, end and are ended as others are."""

from __future__ import annotations

from backend.domain.jobs.job_state import JobState
from tests.integration.runtime.cluster import Cluster


def test_an_isolated_one_runs_in_a_process_that_is_used_again(pool: Cluster) -> None:
    first = pool.ended(pool.enqueue("isolated_async_note")).result
    second = pool.ended(pool.enqueue("isolated_async_note")).result

    assert (first["attempt"], first["same"]) == (1, True)
    assert second["pid"] == first["pid"]


def test_the_soft_limit_of_an_isolated_one_cancels_it_and_leaves_its_process(
    pool: Cluster,
) -> None:
    before = pool.ended(pool.enqueue("isolated_async_note")).result["pid"]

    job = pool.ended(pool.enqueue("isolated_async_linger"))

    assert job.state is JobState.FAILED
    assert job.error is not None
    assert (job.error.reason, job.error.error) == ("timeout", "TimeLimitReached")
    assert pool.lines()[-1] == f"{job.id} timeout"
    assert pool.ended(pool.enqueue("isolated_async_note")).result["pid"] == before
