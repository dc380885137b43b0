"""A handler that is profiled ends, whatever was interrupted in its process before it."""

from __future__ import annotations

from backend.domain.jobs.job_state import JobState
from tests.integration.runtime.cluster import Cluster


def _profiled(cluster: Cluster, job_type: str) -> tuple[JobState, object]:
    job = cluster.ended(cluster.enqueue(job_type))
    return job.state, job.result


def _reaches_its_limit(cluster: Cluster, job_type: str) -> None:
    error = cluster.ended(cluster.enqueue(job_type)).error
    assert error is not None
    assert error.reason == "timeout"


def test_one_that_runs_where_another_has_reached_its_time_limit(cluster: Cluster) -> None:
    cluster.workers(concurrency=1)
    _reaches_its_limit(cluster, "spin")

    assert _profiled(cluster, "profile") == (JobState.FINISHED, 30)


def test_isolated_ones_that_share_a_process_with_one_at_its_limit(cluster: Cluster) -> None:
    cluster.workers(concurrency=1)
    ended = [_profiled(cluster, "isolated_profile") for _ in range(2)]
    _reaches_its_limit(cluster, "isolated_spin")
    ended.append(_profiled(cluster, "isolated_profile"))

    assert ended == [(JobState.FINISHED, 30)] * 3
