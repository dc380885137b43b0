"""A job whose type no worker here knows waits for one that does; no attempt of it begins meanwhile."""

from __future__ import annotations

from collections.abc import Callable

from backend.domain.jobs.job_state import JobState
from tests.integration.broker.bench import new_job
from tests.integration.runtime.cluster import Cluster


def test_a_job_of_an_unknown_type_is_looked_at_often_and_attempted_once(
    make_cluster: Callable[..., Cluster],
) -> None:
    # Its leases are as long as usual: whoever stands still for some seconds here is charged with nothing.
    cluster = make_cluster(TALLY_WORKER__UNKNOWN_TYPE_PATIENCE_SECONDS="5")
    # It brings the job back to be looked at again: there before the first look.
    cluster.start("scheduler")
    cluster.says("leader.changed")
    cluster.platform.job_queue.enqueue([new_job("a", job_type="of_tomorrow")])
    cluster.workers()

    job = cluster.ended("a")

    assert (job.state, job.attempt, job.failures) == (JobState.FAILED, 1, 1)
    assert job.error is not None
    assert job.error.reason == "unknown_job_type"
    # It is the worker that gave up; until then each look was taken back.
    looks = cluster.platform.redis.hget(cluster.platform.keys.job("a"), "returns")
    assert looks is not None
    assert int(looks) > 1
