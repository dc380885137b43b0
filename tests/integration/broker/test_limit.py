"""The ``limit`` step, and what limits do at claim: slots that no crash and no cancel leaks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.integration.broker.bench import Bench, new_job


def _limit(bench: Bench, job_type: str, most: int) -> Any:
    through, go_on = bench.functions.call("limit", "", "", job_type, most)
    assert go_on == b"0"
    return through


def _holders(bench: Bench, gate: str) -> set[str]:
    return {member.decode() for member in bench.redis.smembers(bench.keys.holders(gate))}


def test_a_limit_is_noted_and_removed(bench: Bench) -> None:
    assert _limit(bench, "greet", 3) == 0
    assert bench.redis.hgetall(bench.keys.limits) == {b"greet": b"3"}

    assert _limit(bench, "greet", 0) == 0
    assert not bench.redis.exists(bench.keys.limits)


def test_several_limits_are_set_in_one_call(bench: Bench) -> None:
    bench.functions.call("limit", "", "", "greet", 3, "other", 4)

    assert bench.redis.hgetall(bench.keys.limits) == {b"greet": b"3", b"other": b"4"}


def test_setting_a_limit_again_changes_nothing(bench: Bench) -> None:
    bench.parked_by_limit()
    before = bench.snapshot()

    assert _limit(bench, "greet", 1) == 0

    assert bench.snapshot() == before


def test_a_raised_limit_lets_as_many_through_as_there_is_room_in_their_order(bench: Bench) -> None:
    _limit(bench, "greet", 1)
    ids = bench.seed(*[new_job() for _ in range(5)])
    bench.claim(5)
    bench.seed(new_job("later"))

    assert _limit(bench, "greet", 3) == 2

    assert bench.queue() == [*ids[1:3], "later"]
    assert bench.parked("type:greet") == ids[3:]
    assert bench.count("parked") == 2


def test_a_removed_limit_lets_everybody_through_in_their_order(bench: Bench) -> None:
    _limit(bench, "greet", 1)
    ids = bench.seed(*[new_job() for _ in range(5)])
    bench.claim(5)

    assert _limit(bench, "greet", 0) == 4

    assert bench.queue() == ids[1:]
    assert [job.id for job in bench.claim(9)] == ids[1:]


def test_a_lowered_limit_lets_what_runs_run_and_holds_the_rest(bench: Bench) -> None:
    _limit(bench, "greet", 3)
    ids = bench.seed(*[new_job() for _ in range(5)])
    running = bench.claim(9)

    assert _limit(bench, "greet", 1) == 0
    bench.settle(running[0], "finished")
    bench.settle(running[1], "finished")

    assert bench.claim(9) == []
    assert bench.parked("type:greet") == ids[3:]
    bench.settle(running[2], "finished")
    assert [job.id for job in bench.claim(9)] == [ids[3]]


@pytest.mark.parametrize(
    "kind", ["finished", "retried", "snoozed", "failed", "released", "canceled", "crashed"]
)
def test_however_an_attempt_ends_its_slot_is_given_back(bench: Bench, kind: str) -> None:
    holder, waiting = bench.parked_by_limit()

    bench.settle(holder, kind, delay=9000)

    assert _holders(bench, "type:greet") == set()
    assert waiting in bench.queue()


def test_a_slot_is_given_back_once_however_often_the_outcome_comes(bench: Bench) -> None:
    holder, first = bench.parked_by_limit()
    second = bench.seed(new_job())[0]
    bench.claim()

    bench.settle(holder, "finished")
    bench.settle(holder, "finished")

    assert bench.queue() == [first]
    assert bench.parked("type:greet") == [second]


def test_a_job_held_by_two_limits_waits_for_both_and_lets_others_have_the_free_one(
    bench: Bench,
) -> None:
    _limit(bench, "greet", 1)
    slow = bench.started(job_type="other", limit_key="k", limit=1)
    first = bench.started()
    bench.seed(new_job("both", limit_key="k", limit=1), new_job("plain"))
    assert bench.claim(9) == []

    bench.settle(first, "finished")

    assert [job.id for job in bench.claim(9)] == ["plain"]
    assert bench.parked("key:k") == ["both"]
    bench.settle(slow, "finished")
    assert bench.claim(9) == []
    assert bench.parked("type:greet") == ["both"]


def test_a_job_let_through_into_a_queue_that_was_looked_at_before_is_found_in_the_same_claim(
    bench: Bench,
) -> None:
    _limit(bench, "greet", 1)
    bench.started(job_type="other", limit_key="k", limit=1)
    first = bench.started()
    bench.seed(new_job("both", "low", limit_key="k", limit=1), new_job("plain", "high"))
    assert bench.claim(9, ("low", "high")) == []

    bench.settle(first, "finished")

    assert [job.id for job in bench.claim(9)] == ["plain"]


def test_a_job_that_leaves_two_gates_lets_one_through_each(bench: Bench) -> None:
    _limit(bench, "greet", 1)
    both = bench.started(limit_key="k", limit=1)
    bench.seed(new_job("a"), new_job("b", job_type="other", limit_key="k", limit=1))
    bench.claim(9)

    bench.settle(both, "finished")

    assert sorted(job.id for job in bench.claim(9)) == ["a", "b"]


def test_a_purged_job_passes_the_slot_on_that_it_was_let_through_for(bench: Bench) -> None:
    holder, _ = bench.parked_by_limit(queue="low")
    bench.seed(new_job("waiting"))
    bench.claim()
    bench.settle(holder, "finished")

    bench.functions.call("purge", "low", "ada", "no use", 10)

    assert [job.id for job in bench.claim()] == ["waiting"]


def test_an_expired_job_passes_the_slot_on_that_it_was_let_through_for(bench: Bench) -> None:
    _limit(bench, "greet", 1)
    holder = bench.started()
    soon = datetime.now(UTC) + timedelta(seconds=100)
    expiring, waiting = bench.seed(new_job(expires_at=soon), new_job())
    bench.claim(9)
    bench.redis.hset(bench.keys.job(expiring), "expires_at", 1000)

    bench.settle(holder, "finished")

    assert [job.id for job in bench.claim(9)] == [waiting]
    assert bench.field(expiring, "status") == "canceled"


def test_a_limited_job_rescued_from_a_dead_worker_leaves_no_slot_behind(bench: Bench) -> None:
    holder, waiting = bench.parked_by_limit()
    seen = bench.let_lease_end(holder.id)

    bench.rescue(holder, "released", lease=seen, only_expired=True)
    claimed = bench.claim(9)

    assert len(claimed) == 1
    assert claimed[0].id in {holder.id, waiting}
    assert _holders(bench, "type:greet") == {claimed[0].id}


def test_an_id_behind_a_gate_whose_job_is_gone_is_dropped_and_blocks_nobody(bench: Bench) -> None:
    holder, ghost = bench.parked_by_limit()
    waiting = bench.seed(new_job())[0]
    bench.claim()
    bench.remove_hash(ghost)

    bench.settle(holder, "finished")

    assert [job.id for job in bench.claim()] == [waiting]
    assert bench.kinds(ghost)[-1] == "dropped"


def test_a_limit_of_another_type_holds_nobody(bench: Bench) -> None:
    _limit(bench, "other", 1)
    bench.seed(new_job(), new_job())

    assert len(bench.claim(9)) == 2


def test_limits_hold_across_workers(bench: Bench) -> None:
    _limit(bench, "greet", 2)
    bench.seed(*[new_job() for _ in range(6)])

    claimed = [job for worker in ("w1", "w2", "w3") for job in bench.claim(2, worker=worker)]

    assert len(claimed) == 2
    assert len(_holders(bench, "type:greet")) == 2


def test_two_limits_on_a_job_cost_a_look_and_a_place_each(bench: Bench) -> None:
    """As hatchet #2866: there each was a round of the scheduler."""
    bench.functions.call("limit", "", "", "greet", 50)
    bench.seed(*[new_job(limit_key="k", limit=50) for _ in range(10)])
    bench.redis.config_resetstat()

    assert len(bench.claim(10)) == 10

    stats = bench.redis.info("commandstats")
    assert {name: stats[f"cmdstat_{name}"]["calls"] for name in ("scard", "sadd")} == {
        "scard": 20,
        "sadd": 20,
    }
