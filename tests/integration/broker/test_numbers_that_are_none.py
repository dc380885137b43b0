"""A number of a job's hash that is none: its job pays for it, and nobody else."""

from __future__ import annotations

import pytest

from backend.broker.jobs.inspection import RedisInspection
from backend.broker.jobs.lease_book import RedisLeaseBook
from backend.domain.jobs.job import ClaimedJob
from tests.integration.broker.bench import ERROR, Bench, new_job

NUMBERS = ("failures", "max_attempts", "suspicions", "attempt", "returns")
KINDS = (
    *("finished", "retried", "snoozed", "failed", "poisoned", "released"),
    *("canceled", "crashed", "suspected", "returned"),
)


def _damaged(bench: Bench, field: str) -> ClaimedJob:
    """A job that runs, of which somebody wrote over a number."""
    job = bench.started()
    bench.tampered = True
    bench.redis.hset(bench.keys.job(job.id), field, "x")
    return job


@pytest.mark.parametrize("field", NUMBERS)
def test_leases_of_others_are_seen_and_rescued(bench: Bench, field: str) -> None:
    damaged, job = _damaged(bench, field), bench.started()
    seen = [bench.let_lease_end(held.id) for held in (damaged, job)]
    leases = RedisLeaseBook(bench.redis, bench.keys)

    found = {lease.job_id: lease for lease in leases.expired(10)}
    assert (
        {lease.job_id for lease in leases.of_workers(["w1"])}
        == set(found)
        == {
            damaged.id,
            job.id,
        }
    )
    lease, most = found[damaged.id], 4 if field == "max_attempts" else job.max_attempts
    assert (lease.failures, lease.max_attempts, lease.suspicions) == (0, most, 0)
    texts = [
        text
        for held, ends in zip((damaged, job), seen, strict=True)
        for text in (held.id, held.fence, ends, "crashed", 0, ERROR)
    ]
    assert bench.functions.codes("rescue", 1, *texts) == [1, 1]

    assert bench.members(bench.keys.leases) == []
    assert bench.queue() == [job.id, damaged.id]


@pytest.mark.parametrize("field", NUMBERS)
@pytest.mark.parametrize("kind", KINDS)
def test_outcomes_of_both_are_written(bench: Bench, field: str, kind: str) -> None:
    damaged, job = _damaged(bench, field), bench.started()
    outcomes = [
        text
        for held in (damaged, job)
        for text in (held.id, held.fence, kind, 0, ERROR, "", "1.5", "")
    ]

    assert bench.functions.codes("settle", *outcomes) == [1, 1]

    assert bench.members(bench.keys.leases) == []
    assert bench.field(damaged.id, "status") == bench.field(job.id, "status") != "started"


def test_what_counts_no_failures_counts_from_none(bench: Bench) -> None:
    damaged = _damaged(bench, "failures")

    bench.settle(damaged, "retried", delay=1000, body=ERROR)

    assert bench.field(damaged.id, "failures") == "1"


def test_who_may_be_tried_so_many_times_that_it_is_no_number_has_the_usual_number(
    bench: Bench,
) -> None:
    damaged = _damaged(bench, "max_attempts")
    bench.redis.hset(bench.keys.job(damaged.id), "failures", "3")

    bench.settle(damaged, "crashed", body=ERROR)

    assert bench.field(damaged.id, "status") == "failed"


@pytest.mark.parametrize("field", [*NUMBERS, "expires_at"])
def test_a_list_of_jobs_shows_it_beside_the_others(bench: Bench, field: str) -> None:
    damaged, job = _damaged(bench, field).id, bench.seed(new_job())[0]

    shown = RedisInspection(bench.redis, bench.keys).jobs([damaged, job])

    assert [view.id for view in shown] == [damaged, job]
