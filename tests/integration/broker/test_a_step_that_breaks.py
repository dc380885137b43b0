"""A foreign key where a job's hash belongs, and steps that break half-way: nobody else pays."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from redis.exceptions import ResponseError

from backend.broker.jobs.lease_book import RedisLeaseBook
from backend.broker.ledger.ledger_view import RedisLedgerView
from tests.integration.broker.bench import Bench, new_job


def _spoil(bench: Bench, job_id: str) -> None:
    """Somebody's string lies where the job's hash was."""
    bench.remove_hash(job_id)
    bench.redis.set(bench.keys.job(job_id), "not a hash")


def test_a_spoilt_job_between_others_is_dropped_and_the_others_are_claimed(bench: Bench) -> None:
    ids = bench.seed(*[new_job() for _ in range(4)])
    _spoil(bench, ids[1])

    claimed = bench.claim(4)

    assert [job.id for job in claimed] == [ids[0], *ids[2:]]
    assert set(bench.members(bench.keys.leases)) == {job.id for job in claimed}
    assert bench.kinds(ids[1])[-1] == "dropped"


def test_a_spoilt_job_does_not_hold_back_the_outcomes_of_others(bench: Bench) -> None:
    first, spoilt, last = (bench.started() for _ in range(3))
    _spoil(bench, spoilt.id)
    outcomes = [
        text
        for job in (first, spoilt, last)
        for text in (job.id, job.fence, "finished", 0, "1", "", "1.5", "")
    ]

    assert bench.functions.codes("settle", *outcomes) == [1, 0, 1]

    assert bench.members(bench.keys.leases) == [spoilt.id]
    assert bench.count("finished") == 2


def test_a_spoilt_job_does_not_cost_a_worker_the_leases_of_its_others(bench: Bench) -> None:
    first, spoilt, last = (bench.started() for _ in range(3))
    _spoil(bench, spoilt.id)

    assert bench.extend(first, spoilt, last) == [1, 0, 1]


def test_a_spoilt_job_at_the_head_of_the_schedule_does_not_stop_the_clock(bench: Bench) -> None:
    spoilt, due = bench.scheduled(), bench.scheduled()
    bench.make_due(spoilt, due)
    _spoil(bench, spoilt)

    assert bench.promote()[0] == 1

    assert bench.queue() == [due]
    assert bench.members(bench.keys.schedule) == []
    assert bench.kinds(spoilt)[-1] == "dropped"


def test_a_spoilt_job_behind_a_gate_is_dropped_and_the_others_come_back(bench: Bench) -> None:
    spoilt, job_id = bench.parked_by_pause(), bench.parked_by_pause()
    _spoil(bench, spoilt)

    assert bench.resume("type:greet") == [1, 1]

    assert bench.queue() == [job_id]


def test_a_spoilt_job_does_not_keep_a_queue_from_being_purged(bench: Bench) -> None:
    ids = bench.seed(*[new_job() for _ in range(3)])
    _spoil(bench, ids[1])

    assert bench.functions.call("purge", "normal", "ada", "no use", 10) == [3, 0]

    assert bench.count("canceled") == 2


def test_a_spoilt_job_does_not_keep_others_from_being_rescued(bench: Bench) -> None:
    spoilt, job = bench.started(), bench.started()
    bench.let_lease_end(spoilt.id)
    seen = bench.let_lease_end(job.id)
    _spoil(bench, spoilt.id)

    found = RedisLeaseBook(bench.redis, bench.keys).expired(10)
    assert {lease.job_id for lease in found} == {spoilt.id, job.id}
    texts = [
        text for held in (spoilt, job) for text in (held.id, held.fence, seen, "released", 0, "")
    ]

    assert bench.functions.codes("rescue", 1, *texts) == [0, 1]
    assert bench.members(bench.keys.leases) == []


MANY: dict[str, tuple[tuple[object, ...], Callable[[str], tuple[object, ...]]]] = {
    "cancel": (("ada", "why", ""), lambda job_id: (job_id,)),
    "redrive": (("ada", "why", ""), lambda job_id: (job_id, "")),
    "discard": (("ada", "why", "discarded"), lambda job_id: (job_id,)),
    "reprioritise": (("ada", "why", 0), lambda job_id: (job_id, "high")),
    "run_now": (("ada", "why"), lambda job_id: (job_id,)),
}


@pytest.mark.parametrize("step", MANY)
def test_a_spoilt_job_does_not_keep_people_from_the_others(bench: Bench, step: str) -> None:
    makes = {"redrive": bench.dead, "discard": bench.dead, "run_now": bench.scheduled}
    make = makes.get(step, lambda: bench.seed(new_job())[0])
    spoilt, job_id = make(), make()
    _spoil(bench, spoilt)
    head, item = MANY[step]

    assert bench.functions.codes(step, *head, *item(spoilt), *item(job_id)) == [0, 1]


def test_what_a_step_gathered_before_it_broke_is_written(bench: Bench) -> None:
    """A start that breaks at its limit's slots: its job has a lease, so that it is rescued."""
    bench.functions.call("limit", "", "", "held", 1)
    first = bench.seed(new_job(), new_job(job_type="held"))[0]
    bench.tampered = True
    bench.redis.set(bench.keys.holders("type:held"), "not a set")

    with pytest.raises(ResponseError, match="WRONGTYPE"):
        bench.claim(2)

    assert bench.field(first, "status") == "started"
    assert first in bench.members(bench.keys.leases)
    assert f"{first}:{bench.field(first, 'fence')}" in bench.registry("wip")


def _damage(bench: Bench, job_id: str) -> None:
    """Nobody can say when it expires."""
    bench.tampered = True
    bench.redis.hset(bench.keys.job(job_id), "expires_at", "soon")


def _set_apart(bench: Bench) -> list[str]:
    return bench.members(bench.keys.foreign)


def test_a_damaged_job_is_set_apart_and_those_taken_off_with_it_stand_where_they_stood(
    bench: Bench,
) -> None:
    ids = bench.seed(*[new_job() for _ in range(16)])
    _damage(bench, ids[3])

    with pytest.raises(ResponseError, match="compare nil with number"):
        bench.claim(16)

    assert [bench.field(job_id, "status") for job_id in ids[:3]] == ["started"] * 3
    assert bench.queue() == ids[4:]
    assert _set_apart(bench) == [ids[3]]
    assert [job.id for job in bench.claim(16)] == ids[4:]


def test_a_damaged_job_among_turns_leaves_those_of_the_others_in_their_lines(
    bench: Bench,
) -> None:
    bench.functions.call("fairness", "ada", "", "normal", '{"by":"tenant"}', 100)
    a, b, c = (
        bench.seed(*[new_job(options={"tenant": tenant}) for _ in range(3)]) for tenant in "abc"
    )
    _damage(bench, b[0])

    with pytest.raises(ResponseError, match="compare nil with number"):
        bench.claim(6)

    assert bench.field(a[0], "status") == "started"
    assert _set_apart(bench) == [b[0]]
    lines = [bench.line(f"fair:normal\x1f{tenant}") for tenant in "abc"]
    assert lines == [a[1:], b[1:], c]
    assert (bench.state().lined, bench.state().parked) == (7, 0)
    assert sorted(job.id for job in bench.claim(9)) == sorted([*a[1:], *b[1:], *c])
    assert bench.state().lined == 0


def _without_a_ttl(bench: Bench, job_id: str) -> None:
    """Nobody can say how long it is to be kept once it is over."""
    bench.tampered = True
    bench.redis.hset(bench.keys.job(job_id), "result_ttl", "for ever")


@pytest.mark.parametrize("is_fair", [False, True], ids=["in its queue", "in lines"])
def test_a_damaged_job_that_breaks_a_purge_takes_none_of_those_behind_it_along(
    bench: Bench, is_fair: bool
) -> None:
    if is_fair:
        bench.functions.call("fairness", "ada", "", "normal", '{"by":"tenant"}', 100)
    ids = bench.seed(*[new_job(options={"tenant": "a"}) for _ in range(5)])
    _without_a_ttl(bench, ids[1])

    with pytest.raises(ResponseError, match="number expected, got nil"):
        bench.functions.call("purge", "normal", "ada", "no use", 10)

    waiting = bench.line("fair:normal\x1fa") if is_fair else bench.queue()
    assert [bench.field(job_id, "status") for job_id in ids] == ["canceled"] * 2 + ["queued"] * 3
    assert waiting == ids[2:]
    assert [job.id for job in bench.claim(9)] == ids[2:]


def test_a_damaged_job_that_breaks_an_eviction_leaves_no_mark_in_its_line(bench: Bench) -> None:
    bench.functions.call("pause", "type:greet")
    ids = bench.seed(*[new_job() for _ in range(3)])
    assert bench.claim(9) == []
    _without_a_ttl(bench, ids[1])

    with pytest.raises(ResponseError, match="number expected, got nil"):
        bench.functions.call("evict", "normal", "ada", "no use", "paused:greet", 0, 10)

    assert bench.parked("paused:greet") == ids[1:]


def test_a_job_that_lost_its_type_can_be_canceled_and_those_with_it(bench: Bench) -> None:
    nameless, other = bench.seed(new_job(), new_job())
    bench.tampered = True
    bench.redis.hdel(bench.keys.job(nameless), "description")

    assert bench.cancel(nameless, other) == [1, 1]


def test_one_that_was_set_apart_is_so_no_more_once_it_is_canceled(bench: Bench) -> None:
    nameless, other = bench.seed(new_job(), new_job())
    bench.tampered = True
    bench.redis.hdel(bench.keys.job(nameless), "description")
    assert [job.id for job in bench.claim(9)] == [other]
    assert bench.members(bench.keys.foreign) == [nameless]

    assert bench.cancel(nameless) == [1]

    assert bench.members(bench.keys.foreign) == []


@pytest.mark.parametrize("attempt", ["inf", "-inf", "nan", "1e999", "-3", "many"])
def test_what_counts_no_attempts_counts_as_none(bench: Bench, attempt: str) -> None:
    job_id, other = bench.seed(new_job(), new_job())
    bench.tampered = True
    bench.redis.hset(bench.keys.job(job_id), "attempt", attempt)

    assert [(job.id, job.attempt) for job in bench.claim(9)] == [(job_id, 1), (other, 1)]


def test_of_an_outcome_that_breaks_the_attempt_goes_on_and_is_looked_after(bench: Bench) -> None:
    bench.functions.call("limit", "", "", "held", 1)
    job = bench.started(job_type="held")
    bench.tampered = True
    bench.redis.delete(bench.keys.holders("type:held"))
    bench.redis.set(bench.keys.holders("type:held"), "not a set")

    with pytest.raises(ResponseError, match="WRONGTYPE"):
        bench.settle(job, "finished")

    assert bench.field(job.id, "status") == "started"
    assert bench.members(bench.keys.leases) == [job.id]
    assert bench.registry("wip") == {f"{job.id}:{job.fence}": math.inf}


def test_a_damaged_job_that_is_picked_out_is_set_apart_as_well(bench: Bench) -> None:
    damaged, job_id = bench.seed(new_job(), new_job())
    _damage(bench, damaged)
    words = ("w1", 60_000, 2, "0", 0, 1, "greet", "normal", 0)

    with pytest.raises(ResponseError, match="compare nil with number"):
        bench.functions.call("pick_out", *words)

    assert (_set_apart(bench), bench.queue()) == ([damaged], [job_id])
    assert bench.functions.call("pick_out", *words)[1][0] == job_id.encode()


def test_what_breaks_a_claim_after_a_job_was_put_aside_leaves_that_behind_its_gate(
    bench: Bench,
) -> None:
    bench.functions.call("pause", "type:greet")
    first, second = bench.seed(new_job(limit_key="k", limit=1), new_job())
    bench.tampered = True
    bench.redis.set(bench.keys.holders("key:k"), "not a set")
    bench.redis.rpush(bench.keys.parked("key:k"), first)

    with pytest.raises(ResponseError, match="WRONGTYPE"):
        bench.claim(2)

    assert (bench.parked("paused:greet"), bench.queue(), _set_apart(bench)) == (
        [first],
        [second],
        [],
    )


def test_a_damaged_job_that_was_mended_is_put_back_by_the_ledger_and_is_ours(
    bench: Bench,
) -> None:
    job_id = bench.seed(new_job())[0]
    _damage(bench, job_id)
    with pytest.raises(ResponseError):
        bench.claim()
    bench.redis.hdel(bench.keys.job(job_id), "expires_at")

    given = bench.functions.codes("give_back", "default", job_id)
    bench.functions.call("reseat", job_id, "queued", "", "queued", 0, 60_000, "", "")

    assert given == [0]
    assert (bench.queue(), _set_apart(bench)) == ([job_id], [])


def test_one_gathered_write_that_breaks_keeps_no_other_from_being_written(bench: Bench) -> None:
    job, other = bench.started(), bench.started(queue="high")
    bench.tampered = True
    bench.redis.delete(bench.keys.registry("wip", "normal"))
    bench.redis.set(bench.keys.registry("wip", "normal"), "not a sorted set")
    outcomes = [
        text
        for held in (job, other)
        for text in (held.id, held.fence, "finished", 0, "1", "", "1.5", "")
    ]

    with pytest.raises(ResponseError, match="WRONGTYPE"):
        bench.functions.call("settle", *outcomes)

    assert bench.members(bench.keys.leases) == []
    assert bench.registry("wip", "high") == {}
    assert (bench.count("finished"), bench.count("finished", "high")) == (1, 1)


def test_books_that_cannot_be_written_keep_no_others_from_being_written(bench: Bench) -> None:
    queues = [f"{priority}:{lane}" for priority in ("high", "low") for lane in ("a", "b", "c")]
    jobs = [bench.started(queue=queue) for queue in queues]
    bench.tampered = True
    bench.redis.delete(bench.keys.counts(queues[0]))
    bench.redis.set(bench.keys.counts(queues[0]), "not a hash")
    outcomes = [
        text for job in jobs for text in (job.id, job.fence, "finished", 0, "1", "", "1.5", "")
    ]

    with pytest.raises(ResponseError, match="WRONGTYPE"):
        bench.functions.call("settle", *outcomes)

    assert [bench.count("finished", queue) for queue in queues[1:]] == [1] * 5


def test_the_ledger_sees_a_spoilt_job_as_one_without_a_hash(bench: Bench) -> None:
    spoilt, job_id = bench.seed(new_job(), new_job())
    _spoil(bench, spoilt)

    facts = RedisLedgerView(bench.redis, bench.keys).facts([spoilt, job_id])

    assert [found.state for found in facts.values()] == ["", "queued"]


def test_an_error_of_a_step_reaches_its_caller_as_redis_said_it(bench: Bench) -> None:
    bench.tampered = True
    bench.redis.set(bench.keys.paused, "not a set")

    with pytest.raises(ResponseError, match=r"^WRONGTYPE Operation against a key"):
        bench.functions.call("pause", "type:greet")
