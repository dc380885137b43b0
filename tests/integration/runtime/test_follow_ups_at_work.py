"""What follows a job, whatever real processes and time do to the job."""

from __future__ import annotations

from typing import Any

import pytest

from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.options.follow_ups import follow_up_id
from tests.eventually import eventually
from tests.integration.runtime.cluster import Cluster


def _told(cluster: Cluster, job_id: str, when: str = "on_failure") -> Any:
    """What its follow-up says, once that has run."""
    follow_up = follow_up_id(job_id, when)
    eventually(lambda: cluster.job(job_id).state.is_final, timeout=60, show=cluster.log)
    job = cluster.ended(follow_up, timeout=60)
    assert (job.state, job.labels.parent_id) == (JobState.FINISHED, job_id)
    assert job.result["told"]["job_id"] == job_id
    return job.result


@pytest.mark.parametrize(
    ("job_type", "reason", "attempts"),
    [
        ("unencodable", "result_not_json", 1),
        ("spin", "timeout", 1),
        ("stubborn", "timeout", 1),
        ("isolated_stubborn", "timeout", 1),
        ("segfault", "poison", 3),
    ],
)
def test_a_job_that_is_given_up_is_told_of_whoever_gave_it_up(
    cluster: Cluster, job_type: str, reason: str, attempts: int
) -> None:
    """The worker, or the supervisor of one that was killed, or that its job took down."""
    cluster.start("scheduler")
    cluster.workers()

    told = _told(cluster, cluster.enqueue(job_type, on_failure="told"))

    assert (told["told"]["state"], told["told"]["attempt"]) == ("failed", attempts)
    assert told["error"] == reason


def test_a_follow_up_asks_what_came_of_the_job(cluster: Cluster) -> None:
    cluster.workers()

    told = _told(cluster, cluster.enqueue("isolated_followed", result_ttl=0), "on_success")

    assert (told["told"]["state"], told["result"]) == ("finished", "well")


@pytest.mark.parametrize(
    ("job_type", "letter", "attempts"),
    [
        ("unencodable", "letter", 1),
        ("spin", "async_letter", 1),
        ("isolated_stubborn", "isolated_letter", 1),
        ("segfault", "letter", 3),
    ],
)
def test_a_payload_of_its_own_comes_whoever_gave_the_job_up(
    cluster: Cluster, job_type: str, letter: str, attempts: int
) -> None:
    """In a thread, in the loop and in a child its context tells it of the end."""
    cluster.start("scheduler")
    cluster.workers()
    asked = {"job_type": letter, "payload": {"to": "ada"}}

    job_id = cluster.enqueue(job_type, on_failure=asked)

    eventually(lambda: cluster.job(job_id).state.is_final, timeout=60, show=cluster.log)
    read = cluster.ended(follow_up_id(job_id, "on_failure"), timeout=60)
    told = {"job_id": job_id, "job_type": job_type, "state": "failed", "attempt": attempts}
    assert (read.state, read.result) == (JobState.FINISHED, {"to": "ada", "told": told})
    assert cluster.difference() == 0


def test_what_a_job_type_declares_follows_all_of_its_jobs(cluster: Cluster) -> None:
    cluster.workers()
    job_id = cluster.enqueue("isolated_followed", {"fails": True}, max_retries=0)

    assert _told(cluster, job_id)["error"] == "exception"

    on_success = follow_up_id(job_id, "on_success")
    assert not cluster.platform.redis.exists(cluster.platform.keys.job(on_success))
    assert cluster.difference() == 0
