"""What operators can do to a pool at work: one for all tests of this file."""

from __future__ import annotations

import pytest

from backend.domain.access.actor import Actor
from backend.domain.errors import IllegalMove, InvalidOption
from backend.domain.jobs.job_filter import JobFilter
from backend.domain.jobs.job_state import JobState
from backend.services.jobs.bulk_service import BulkService
from backend.services.jobs.job_control import JobControl
from tests.eventually import eventually
from tests.integration.runtime.cluster import Cluster

ADA = Actor("ada")


@pytest.fixture(scope="module")
def at_work(deployment: Cluster) -> Cluster:
    """A deployment with one worker process and a scheduler."""
    deployment.start("scheduler")
    deployment.workers()
    return deployment


@pytest.fixture
def control(pool: Cluster) -> JobControl:
    """The service."""
    return pool.platform.job_control


def test_a_started_job_sees_that_it_is_canceled(pool: Cluster, control: JobControl) -> None:
    job_id = pool.enqueue("nap", {"seconds": 30})
    pool.running(job_id)

    assert control.cancel(job_id, by=ADA) == "asked"

    job = pool.ended(job_id)
    assert f"{job_id} woke" not in pool.lines()
    assert job.state in {JobState.FINISHED, JobState.CANCELED}


def test_a_started_job_can_be_stopped_by_force(pool: Cluster, control: JobControl) -> None:
    job_id = pool.enqueue("hold", {"until": str(pool.folder / "never")})
    pool.running(job_id)

    control.cancel(job_id, by=ADA, force=True)

    assert pool.ended(job_id).state is JobState.CANCELED


def test_a_paused_queue_lane_or_type_runs_nothing_until_it_is_resumed(
    pool: Cluster, control: JobControl
) -> None:
    for what in ("queue:high", "lane:default", "type:note"):
        assert control.pause(what, by=ADA)
        job_id = pool.enqueue("note", priority="high")
        other = pool.enqueue("isolated_note", priority="low")
        if what != "lane:default":
            pool.ended(other)
        assert job_id not in pool.lines()

        assert control.resume(what, by=ADA)
        assert pool.ended(job_id).state is JobState.FINISHED
    with pytest.raises(InvalidOption, match="did you mean 'default'"):
        control.pause("lane:defualt", by=ADA)


def test_a_limit_key_lets_so_many_jobs_of_one_customer_run_at_once(pool: Cluster) -> None:
    gate = pool.folder / "go"
    one = {"limit_key": "customer-1", "limit": 1}
    jobs = [pool.enqueue("hold", {"until": str(gate)}, **one) for _ in range(3)]
    other = pool.enqueue("note", limit_key="customer-2", limit=1)

    assert pool.ended(other).state is JobState.FINISHED
    eventually(lambda: jobs[0] in pool.lines(), timeout=5)
    assert [job_id for job_id in jobs if job_id in pool.lines()] == jobs[:1]

    gate.touch()
    for job_id in jobs:
        assert pool.ended(job_id).state is JobState.FINISHED


def test_dead_jobs_are_found_redriven_changed_discarded_and_resolved(
    pool: Cluster, control: JobControl
) -> None:
    dead = [pool.enqueue("fail") for _ in range(4)]
    for job_id in dead:
        pool.ended(job_id)
    bulk = BulkService(pool.platform.operations, pool.platform.inspection)
    assert len(bulk.select_dead(JobFilter(job_type="fail", error_text="ValueError")).ids) == 4
    assert bulk.select_dead(JobFilter(error_text="KeyError")).ids == []

    control.redrive(dead[0], by=ADA, payload={"until": 1})
    assert pool.ended(dead[0]).state is JobState.FINISHED
    control.discard(dead[1], by=ADA, reason="not wanted")
    control.resolve(dead[2], by=ADA, reason="done by hand")
    assert pool.job(dead[2]).state is JobState.FINISHED
    with pytest.raises(IllegalMove):
        control.redrive(dead[2], by=ADA)

    last = bulk.select_dead(JobFilter(queue="normal")).ids
    assert bulk.redrive(last, by=ADA, reason="") == [dead[3]]
    assert pool.ended(dead[3]).state is JobState.FAILED
    assert pool.difference() == 0
