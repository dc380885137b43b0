"""Threads that a worker process cannot do without."""

from __future__ import annotations

from backend.domain.jobs.job_state import JobState
from tests.integration.runtime.cluster import Cluster


def test_a_process_ends_with_a_thread_that_it_needs_whatever_hook_a_job_has_set(
    cluster: Cluster,
) -> None:
    cluster.workers()

    job = cluster.ended(cluster.enqueue("end_a_vital_thread"))

    assert (job.state, job.attempt) == (JobState.FINISHED, 2)
    cluster.says('"thread": "heartbeat", "event": "thread.died"')
