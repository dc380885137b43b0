"""Threads that jobs start are their own affair."""

from __future__ import annotations

import pytest

from backend.domain.jobs.job_state import JobState
from tests.integration.runtime.cluster import Cluster


@pytest.mark.parametrize("kind", ["start_threads_that_raise", "async_start_threads_that_raise"])
def test_what_a_jobs_own_thread_raises_ends_neither_its_process_nor_a_neighbour(
    pool: Cluster, kind: str
) -> None:
    before = pool.pids()
    beside = pool.enqueue("hold", {"until": str(pool.folder / "go")})
    pool.running(beside)

    job = pool.ended(pool.enqueue(kind))

    assert (job.state, job.attempt, job.result) == (JobState.FINISHED, 1, 3), pool.log()
    (pool.folder / "go").touch()
    assert pool.ended(beside).attempt == 1
    assert pool.ended(pool.enqueue("note")).result["pid"] == before[0]
