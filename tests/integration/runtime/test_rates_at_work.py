"""A rate on real worker processes: every window of the record of starts is counted."""

from __future__ import annotations

import pytest

from backend.domain.access.actor import Actor
from backend.domain.jobs.options.rate import Rate
from tests.integration.runtime.cluster import Cluster

ADA = Actor("ada")
RATE = Rate(100, 1.0)
JOBS = 300


@pytest.mark.parametrize("schedulers", [1, 0])
def test_no_second_has_more_starts_than_the_rate_and_no_job_spends_an_attempt(
    cluster: Cluster, schedulers: int
) -> None:
    cluster.platform.job_control.rate("note", RATE, by=ADA)
    for _ in range(2):
        cluster.workers(processes=2, concurrency=4)
    for _ in range(schedulers):
        cluster.start("scheduler")
    # Without a scheduler idle workers look from time to time.
    jobs = [cluster.enqueue("note") for _ in range(JOBS if schedulers else 3 * RATE.at_once)]

    ended = [cluster.ended(job_id) for job_id in jobs]

    starts = sorted(job.started_at.timestamp() for job in ended if job.started_at)
    assert len(starts) == len(jobs)
    windows = [sum(at <= other < at + 0.998 for other in starts) for at in starts]
    assert max(windows) <= RATE.limit
    assert {job.attempt for job in ended} == {1}
    assert cluster.platform.inspection.gate("rate:note") == ([], 0)
    assert cluster.difference() == 0
