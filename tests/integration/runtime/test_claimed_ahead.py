"""Jobs that a worker claims ahead: an attempt counts when its handler begins, whatever ends the worker."""

from __future__ import annotations

import os
import signal
from collections import Counter

from backend.domain.jobs.job_state import JobState
from tests.eventually import eventually
from tests.integration.runtime.cluster import Cluster


def _behind_a_long_one(cluster: Cluster) -> tuple[str, list[str]]:
    """A slot that has learnt to claim many jobs at once, in one that grew long; and what is behind it.

    Everything waits before the worker starts, so that the long one is in the middle of a batch.
    """
    gate = str(cluster.folder / "go")
    for _ in range(200):
        cluster.enqueue("note")
    long_one = cluster.enqueue("hold", {"until": gate})
    behind = [cluster.enqueue("note") for _ in range(60)]
    cluster.workers(concurrency=1)
    cluster.running(long_one)
    return long_one, behind


def _times_returned(cluster: Cluster, job_id: str) -> int:
    key = cluster.platform.keys.job(job_id)
    return int(cluster.platform.redis.hget(key, "returns") or 0)


def test_what_waits_behind_a_job_that_grew_long_has_not_started(cluster: Cluster) -> None:
    # On a busy machine one short job may take as long as a whole batch should by itself.
    cluster.environment["TALLY_WORKER__BATCH_SECONDS"] = "5"
    long_one, behind = _behind_a_long_one(cluster)
    eventually(
        lambda: all(cluster.job(job_id).state is JobState.QUEUED for job_id in behind),
        timeout=10,
        show=cluster.log,
    )

    given_back = [job_id for job_id in behind if _times_returned(cluster, job_id)]
    jobs = [cluster.job(job_id) for job_id in behind]
    assert given_back, "nothing was claimed ahead: this test shows nothing"
    assert {(job.attempt, job.started_at, job.worker) for job in jobs} == {(0, None, "")}

    (cluster.folder / "go").touch()
    assert [cluster.ended(job_id).attempt for job_id in [long_one, *behind]] == [1] * 61
    results = [cluster.job(job_id).result["attempt"] for job_id in behind]
    assert results == [1] * 60


def test_attempts_are_as_many_as_handlers_began_when_a_process_is_killed(cluster: Cluster) -> None:
    """Those that had ended and were not settled ran twice; those that waited ran once."""
    cluster.environment["TALLY_WORKER__BATCH_SECONDS"] = "5"
    jobs = [cluster.enqueue("note") for _ in range(300)]
    victim = cluster.enqueue("hold", {"until": str(cluster.folder / "go")})
    jobs += [cluster.enqueue("note") for _ in range(300)]
    cluster.workers(concurrency=1)
    cluster.running(victim)

    os.kill(cluster.pids()[0], signal.SIGKILL)
    eventually(lambda: cluster.lines().count(victim) == 2, timeout=20, show=cluster.log)
    (cluster.folder / "go").touch()

    attempts = {job_id: cluster.ended(job_id).attempt for job_id in [*jobs, victim]}
    assert attempts == Counter(cluster.lines())
    assert attempts[victim] == 2
