"""Orderly stops: what runs is finished, the rest is given back, uncharged, at the front."""

from __future__ import annotations

from collections.abc import Callable

import psutil
import pytest

from backend.domain.jobs.job_state import JobState
from backend.embedded.servers import Servers
from tests.eventually import eventually
from tests.integration.runtime.cluster import Cluster
from tests.integration.runtime.conftest import QUICK_BEATS


def test_sigterm_finishes_what_runs_and_leaves_what_waits(cluster: Cluster) -> None:
    supervisor = cluster.workers(concurrency=1)
    running = cluster.enqueue("nap", {"seconds": 0.5})
    cluster.running(running)
    waiting = cluster.enqueue("note")

    supervisor.terminate()

    assert supervisor.wait(60) == 0
    assert cluster.job(running).state is JobState.FINISHED
    job = cluster.job(waiting)
    assert (job.state, job.failures) == (JobState.QUEUED, 0)
    assert cluster.pids() == []


def test_what_outlives_the_grace_period_is_given_back_uncharged(cluster: Cluster) -> None:
    cluster.environment["TALLY_WORKER__GRACE"] = "0.3"
    supervisor = cluster.workers()
    first = cluster.enqueue("hold", {"until": str(cluster.folder / "never")})
    cluster.running(first)
    second = cluster.enqueue("note", job_id="behind", delay=3600)

    supervisor.terminate()

    assert supervisor.wait(60) == 0
    job = cluster.job(first)
    assert (job.state, job.failures) == (JobState.QUEUED, 0)
    assert cluster.platform.inspection.position(first, "normal") == 0
    assert cluster.job(second).state is JobState.SCHEDULED


@pytest.mark.parametrize("kind", ["count_beside", "isolated_count_beside"])
def test_what_is_given_back_has_ended_before_it_begins_elsewhere(
    make_cluster: Callable[..., Cluster], kind: str
) -> None:
    """Its process takes long to close what it opened; another one is idle."""
    cluster = make_cluster(**QUICK_BEATS, TALLY_TEST_CLOSE="4")
    cluster.environment["TALLY_WORKER__GRACE"] = "0.3"
    first = cluster.workers("attended", concurrency=1)
    job_id = cluster.enqueue(kind, {"until": str(cluster.folder / "go")})
    cluster.running(job_id)
    cluster.workers("attended", concurrency=1)
    # Its process for isolated jobs stands already, and can begin at once.
    cluster.ended(cluster.enqueue(kind, {"until": str(cluster.file)}))

    first.terminate()
    eventually(lambda: cluster.lines().count(job_id) == 2, timeout=20, show=cluster.log)
    (cluster.folder / "go").touch()

    job = cluster.ended(job_id)
    assert (job.state, job.attempt, job.failures) == (JobState.FINISHED, 2, 0)
    begun = [line for line in cluster.lines() if line.startswith(f"{job_id} begins")]
    assert [line.split()[3] for line in begun] == ["0", "0"], cluster.lines()


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("hold", "store.waiting"),
        ("isolated_hold", "store.waiting"),
        ("stubborn", "release.failed"),
    ],
)
def test_what_could_not_be_given_back_while_redis_was_away_is_not_charged(
    make_cluster: Callable[..., Cluster], servers: Servers, kind: str, told: str
) -> None:
    """Long leases: only who knows how the process ended can tell."""
    cluster = make_cluster(TALLY_WORKER__GRACE="0.3")
    cluster.workers(concurrency=1)
    until = str(cluster.folder / "never")
    job_id = cluster.enqueue(kind, {"until": until}, max_retries=0, timeout=600)
    # One whose handler has not begun is given back as if nobody had claimed it.
    eventually(cluster.lines, show=cluster.log)
    [process] = map(psutil.Process, cluster.pids())

    servers.kill_redis()
    process.terminate()
    cluster.says(told)
    eventually(lambda: not process.is_running(), timeout=30, show=cluster.log)
    servers.restart_redis()

    eventually(lambda: cluster.job(job_id).attempt == 2, timeout=30, show=cluster.log)
    job = cluster.job(job_id)
    assert (job.state, job.failures, job.error) == (JobState.STARTED, 0, None)
    assert cluster.difference() == 0


@pytest.fixture
def unhurried(make_cluster: Callable[..., Cluster]) -> Cluster:
    """A lane that waits for its jobs, where others would not wait at all."""
    grace = {"TALLY_WORKER__GRACE": "0", "TALLY_WORKER__LANE_GRACE": '{"default": "limit"}'}
    return make_cluster(**{**QUICK_BEATS, **grace})


def test_a_lane_whose_grace_is_the_jobs_limit_finishes_what_runs(unhurried: Cluster) -> None:
    supervisor = unhurried.workers()
    jobs = [
        unhurried.enqueue(kind, {"until": str(unhurried.folder / "go")})
        for kind in ("hold", "isolated_hold")
    ]
    for job_id in jobs:
        unhurried.running(job_id)

    supervisor.terminate()
    eventually(lambda: "worker.stopping" in unhurried.log(), show=unhurried.log)
    (unhurried.folder / "go").touch()

    assert supervisor.wait(60) == 0
    for job_id in jobs:
        job = unhurried.job(job_id)
        assert (job.state, job.attempt) == (JobState.FINISHED, 1), unhurried.log()


def test_such_a_lane_waits_no_longer_than_the_jobs_own_limit(unhurried: Cluster) -> None:
    """The job of a process that was killed is settled while another process still waits for its own."""
    supervisor = unhurried.workers(processes=2, concurrency=1)
    beside = unhurried.enqueue("hold", {"until": str(unhurried.folder / "go")})
    unhurried.running(beside)
    job_id = unhurried.enqueue("sleep_through", timeout=8, max_retries=0)
    # Its handler, not only its lease: what has not begun is given back.
    unhurried.running(job_id)

    supervisor.terminate()

    job = unhurried.ended(job_id)
    assert job.error is not None
    assert (job.state, job.error.reason) == (JobState.FAILED, "timeout")
    assert unhurried.job(beside).state is JobState.STARTED
    (unhurried.folder / "go").touch()
    assert supervisor.wait(60) == 0
    assert unhurried.job(beside).attempt == 1
