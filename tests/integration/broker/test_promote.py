"""The ``promote`` step: jobs whose time has come."""

from __future__ import annotations

import pytest

from tests.integration.broker.bench import Bench, new_job


def test_a_due_job_goes_to_the_back_of_its_queue_and_leaves_the_schedule(bench: Bench) -> None:
    job_id = bench.scheduled(queue="high:email")
    bench.seed(new_job("first", "high:email"))
    bench.redis.delete(bench.keys.wake("email"))
    bench.make_due(job_id)

    moved, wait, late = bench.promote()

    assert (moved, wait) == (1, -1)
    assert late > 1_000_000
    assert bench.queue("high:email") == ["first", job_id]
    assert bench.field(job_id, "status") == "queued"
    assert bench.field(job_id, "enqueued_at") is not None
    assert bench.members(bench.keys.schedule) == []
    assert bench.registry("scheduled", "high:email") == {}
    assert bench.wake_tokens("email") == 1
    assert bench.kinds(job_id) == ["enqueued", "promoted"]


def test_a_job_that_is_not_due_stays_and_says_when_it_will_be(bench: Bench) -> None:
    bench.scheduled(delay=10)
    before = bench.snapshot()

    moved, wait, late = bench.promote()

    assert (moved, late) == (0, 0)
    assert 9000 < wait <= 10_000
    assert bench.snapshot() == before


def test_promoting_twice_moves_a_job_once(bench: Bench) -> None:
    job_id = bench.scheduled()
    bench.make_due(job_id)
    bench.promote()
    before = bench.snapshot()

    assert bench.promote() == [0, -1, 0]

    assert bench.snapshot() == before


def test_the_longest_due_comes_first_and_a_full_batch_says_that_more_is_due(bench: Bench) -> None:
    ids = [bench.scheduled() for _ in range(5)]
    bench.make_due(*reversed(ids))

    assert bench.promote(3)[:2] == [3, 0]
    assert bench.promote(3)[:2] == [2, -1]

    assert bench.queue() == ids[::-1]


def test_jobs_of_several_lanes_wake_each_lane_for_its_own(bench: Bench) -> None:
    ids = [bench.scheduled(queue=queue) for queue in ("low", "low:email", "high:email")]
    bench.make_due(*ids)

    bench.promote()

    assert (bench.wake_tokens("default"), bench.wake_tokens("email")) == (1, 2)


def test_a_retried_job_is_promoted_and_may_be_claimed_again(bench: Bench) -> None:
    job = bench.started()
    bench.settle(job, "retried", delay=60_000)
    bench.make_due(job.id)

    bench.promote()

    assert bench.claim()[0].attempt == 2


def test_an_entry_without_a_job_is_dropped_with_an_event(bench: Bench) -> None:
    job_id = bench.scheduled()
    bench.make_due(job_id)
    bench.remove_hash(job_id)

    assert bench.promote()[0] == 0

    assert bench.members(bench.keys.schedule) == []
    assert bench.kinds(job_id) == ["enqueued", "dropped"]
    assert bench.queue() == []


def test_an_entry_of_a_job_that_is_not_scheduled_is_dropped_with_an_event(bench: Bench) -> None:
    job_id = bench.seed(new_job())[0]
    bench.redis.zadd(bench.keys.schedule, {job_id: 1000})

    assert bench.promote()[0] == 0

    assert bench.queue() == [job_id]
    assert bench.kinds(job_id) == ["enqueued", "dropped"]


def test_what_rq_schedulers_own_users_put_there_is_dropped_with_an_event(bench: Bench) -> None:
    bench.redis.zadd(bench.keys.schedule, {"foreign": 1000})

    assert bench.promote()[0] == 0

    assert bench.kinds("foreign") == ["dropped"]


@pytest.mark.parametrize("fence", [3, 4])
def test_a_leader_promotes_until_a_newer_one_has_been_there(bench: Bench, fence: int) -> None:
    assert bench.promote(fence=3)[0] == 0

    assert bench.promote(fence=fence)[0] == 0


def test_a_superseded_leader_promotes_nothing(bench: Bench) -> None:
    bench.promote(fence=4)
    job_id = bench.scheduled()
    bench.make_due(job_id)
    before = bench.snapshot()

    assert bench.promote(fence=3) == [-1, -1, 0]

    assert bench.snapshot() == before


def test_a_job_whose_time_is_known_to_the_millisecond_is_never_early(bench: Bench) -> None:
    seconds, microseconds = bench.redis.time()
    job_id = bench.scheduled(delay=60.5)
    due = bench.redis.zscore(bench.keys.schedule, job_id)

    moved, wait, _ = bench.promote()

    assert moved == 0
    assert due >= seconds + microseconds / 1e6 + 60.499
    assert 0 < wait <= 60_500


def test_promoting_works_while_memory_is_full(bench: Bench) -> None:
    job_id = bench.scheduled()
    bench.make_due(job_id)
    bench.redis.config_set("maxmemory", 1)
    try:
        assert bench.promote()[0] == 1
    finally:
        bench.redis.config_set("maxmemory", 0)
