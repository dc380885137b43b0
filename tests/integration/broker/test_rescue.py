"""The ``rescue`` step: ending the attempts of workers that are gone."""

from __future__ import annotations

import pytest

from backend.broker.workers.untold_ends import RedisUntoldEnds
from tests.integration.broker.bench import ERROR, Bench


def test_an_expired_lease_gives_its_job_back_to_the_front_uncharged(bench: Bench) -> None:
    job = bench.started()
    seen = bench.let_lease_end(job.id)

    assert bench.rescue(job, "released", lease=seen, only_expired=True) == 1

    assert bench.queue() == [job.id]
    assert bench.field(job.id, "status") == "queued"
    assert bench.field(job.id, "failures") is None
    assert bench.members(bench.keys.leases) == []
    assert bench.registry("wip") == {}
    assert bench.events(job.id)[-1].fence == job.fence


def test_a_rescued_job_is_rescued_once(bench: Bench) -> None:
    job = bench.started()
    seen = bench.let_lease_end(job.id)
    bench.rescue(job, lease=seen, only_expired=True)
    before = bench.snapshot()

    assert bench.rescue(job, lease=seen, only_expired=True) == 0
    assert bench.rescue(job) == 0

    assert bench.snapshot() == before


def test_a_lease_that_was_lengthened_meanwhile_is_left_alone(bench: Bench) -> None:
    job = bench.started()
    seen = bench.let_lease_end(job.id)
    bench.extend(job)
    before = bench.snapshot()

    assert bench.rescue(job, lease=seen, only_expired=True) == 0

    assert bench.snapshot() == before


def test_a_lease_that_has_not_ended_is_left_alone(bench: Bench) -> None:
    job = bench.started()

    assert bench.rescue(job, lease=bench.lease_of(job.id), only_expired=True) == 0

    assert bench.field(job.id, "status") == "started"


def test_the_leases_of_a_worker_known_dead_need_not_have_ended(bench: Bench) -> None:
    job = bench.started()

    assert bench.rescue(job, lease=bench.lease_of(job.id)) == 1

    assert bench.queue() == [job.id]


def test_a_job_taken_again_by_another_is_left_alone(bench: Bench) -> None:
    dead = bench.started()
    bench.settle(dead, "released")
    owner = bench.claim(worker="w2")[0]
    seen = bench.let_lease_end(owner.id)
    before = bench.snapshot()

    assert bench.rescue(dead) == 0
    assert bench.rescue(dead, lease=seen, only_expired=True) == 0

    assert bench.snapshot() == before


def test_poison_that_a_supervisor_found_is_counted_as_such(bench: Bench) -> None:
    job = bench.started(max_attempts=1)

    assert bench.rescue(job, "poisoned", body=ERROR) == 1

    assert bench.kinds(job.id)[-1] == "failed"
    assert (bench.count("failed"), bench.count("poisoned")) == (1, 1)


def test_a_charged_job_counts_a_failure_and_runs_alone_next(bench: Bench) -> None:
    job = bench.started(max_attempts=3)

    assert bench.rescue(job, "crashed", body=ERROR) == 1

    again = bench.claim()[0]
    assert (again.failures, again.suspect, again.attempt) == (1, True, 2)
    assert bench.error(job.id)["error"] == "ValueError"


def test_a_charge_that_spends_the_last_attempt_is_the_dead_letter_queue(bench: Bench) -> None:
    job = bench.started(max_attempts=1)

    assert bench.rescue(job, "crashed", body=ERROR) == 1

    assert bench.field(job.id, "status") == "failed"
    assert bench.members(bench.keys.dead) == [job.id]
    assert bench.kinds(job.id)[-1] == "failed"


def test_a_suspect_is_not_charged_and_runs_alone_next(bench: Bench) -> None:
    job = bench.started()

    assert bench.rescue(job, "suspected", body=ERROR) == 1

    again = bench.claim()[0]
    assert (again.failures, again.suspect) == (0, True)


def test_a_rescuer_may_put_a_job_off(bench: Bench) -> None:
    job = bench.started()

    assert bench.rescue(job, "retried", delay=5000, body=ERROR) == 1

    assert bench.members(bench.keys.schedule) == [job.id]
    assert bench.field(job.id, "failures") == "1"


@pytest.mark.parametrize("kind", ["released", "crashed", "suspected", "retried"])
def test_a_rescued_job_that_was_asked_to_cancel_is_canceled(bench: Bench, kind: str) -> None:
    job = bench.started()
    bench.cancel(job.id)

    assert bench.rescue(job, kind) == 1

    assert bench.field(job.id, "status") == "canceled"
    assert bench.is_nowhere_waiting(job.id)


def test_a_canceled_job_that_leaves_no_result_is_here_for_a_minute(bench: Bench) -> None:
    job = bench.started(result_ttl=0)
    bench.cancel(job.id)

    assert bench.rescue(job) == 1

    assert 0 < bench.redis.ttl(bench.keys.job(job.id)) <= 10


@pytest.mark.parametrize("kind", ["retried", "snoozed", "released", "crashed", "suspected"])
def test_who_held_a_rescued_job_did_not_end_it_in_the_same_way(bench: Bench, kind: str) -> None:
    job = bench.started()
    bench.rescue(job, kind, body=ERROR)

    assert bench.settle(job, kind) == 0


@pytest.mark.parametrize("kind", ["released", "failed"])
def test_the_late_outcome_of_a_rescued_job_is_refused(bench: Bench, kind: str) -> None:
    job = bench.started()
    bench.rescue(job, kind, body=ERROR)
    before = bench.snapshot()

    assert bench.settle(job, "finished", body="1", result="MQ==") == 0

    assert bench.snapshot() == before


def test_a_rescue_frees_the_slot_of_a_limit_and_lets_the_next_one_through(bench: Bench) -> None:
    holder, waiting = bench.parked_by_limit()

    bench.rescue(holder, "failed", body=ERROR)

    assert [job.id for job in bench.claim(5)] == [waiting]


def test_those_who_wait_for_a_job_are_told_of_its_end_by_rescue(bench: Bench) -> None:
    job = bench.started()
    bench.functions.call("await", job.id)

    bench.rescue(job, "failed", body=ERROR)

    assert bench.redis.llen(bench.keys.done(job.id)) == 1


def test_a_lease_without_a_job_is_cleared_away(bench: Bench) -> None:
    job = bench.started()
    seen = bench.let_lease_end(job.id)
    bench.remove_hash(job.id)

    assert bench.rescue(job, lease=seen, only_expired=True) == 0

    assert bench.members(bench.keys.leases) == []


def test_a_rescue_works_while_memory_is_full(bench: Bench) -> None:
    job = bench.started()
    bench.redis.config_set("maxmemory", 1)
    try:
        assert bench.rescue(job) == 1
    finally:
        bench.redis.config_set("maxmemory", 0)


def test_what_nobody_was_told_of_is_kept_for_a_day_and_never_more_than_a_thousand(
    bench: Bench,
) -> None:
    bench.redis.rpush(bench.keys.untold, *(f"older {number}" for number in range(1000)))
    bench.rescue(bench.started())

    assert bench.redis.llen(bench.keys.untold) == 1000
    assert bench.redis.lindex(bench.keys.untold, 0) == b"older 1"
    assert 86_390 < bench.redis.ttl(bench.keys.untold) <= 86_400


def test_what_a_foreign_hand_left_among_those_untold_hides_no_other(bench: Bench) -> None:
    held = bench.started()
    for text in ("not ours", "[]", '{"job_id":"b"}', "null"):
        bench.redis.rpush(bench.keys.untold, text)
    bench.rescue(held)

    [end] = RedisUntoldEnds(bench.redis, bench.keys).take(10)

    assert end.job_id == held.id
