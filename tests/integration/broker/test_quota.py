"""The steps that say what tenants may use: on record, exact, healed, and free for those without."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from backend.broker.jobs.gates.quotas import RedisQuotas
from backend.domain.errors import QuotaExceeded
from backend.domain.jobs.job import ClaimedJob
from backend.domain.jobs.options.quota import Miscounted, Misfit, Quota
from tests.integration.broker.bench import Bench, new_job

ACME = {"options": {"tenant": "acme"}}


def _quotas(bench: Bench) -> RedisQuotas:
    return RedisQuotas(bench.redis, bench.keys)


def _set(bench: Bench, by: str = "ada", **numbers: Any) -> None:
    _quotas(bench).set("acme", Quota(**numbers), by=by, reason="why")


def _jobs(bench: Bench, number: int, **fields: Any) -> list[str]:
    return bench.seed(*(new_job(**ACME, **fields) for _ in range(number)))


def _counted(bench: Bench) -> set[str]:
    found: Any = bench.redis.smembers(bench.keys.waiting("acme"))
    return {member.decode() for member in found}


def _commands(bench: Bench, call: Any) -> Counter[str]:
    bench.redis.config_resetstat()
    call()
    stats: Any = bench.redis.info("commandstats")
    calls = {name.removeprefix("cmdstat_"): each["calls"] for name, each in stats.items()}
    return Counter({n: calls[n] for n in calls if n not in {"config|resetstat", "info", "fcall"}})


def test_it_is_on_record_until_something_else_is_said(bench: Bench) -> None:
    _set(bench, waiting=3)
    said = bench.redis.hget(bench.keys.controls, "quota:tenant:acme")
    assert said is not None
    word = json.loads(said)
    assert (word["value"], word["by"], word["reason"]) == ('{"waiting":3}', "ada", "why")

    _set(bench, waiting=3)
    assert bench.redis.hget(bench.keys.controls, "quota:tenant:acme") == said

    _quotas(bench).set("acme", None, by="bob", reason="")
    again = bench.redis.hget(bench.keys.controls, "quota:tenant:acme")
    assert again is not None
    assert json.loads(again)["value"] == ""
    assert not bench.redis.exists(bench.keys.quotas, bench.keys.uncounted)


def test_a_redis_that_lost_it_gets_it_from_its_control_and_the_usher_counts(bench: Bench) -> None:
    ids = _jobs(bench, 3)
    _set(bench, waiting=9, running=1)
    [held] = bench.claim(1)
    bench.redis.delete(
        bench.keys.quotas, bench.keys.waiting("acme"), bench.keys.holders("tenant:acme")
    )
    bench.redis.hdel(bench.keys.job(held.id), "gates")

    bench.functions.call("controls")
    while bench.functions.call("usher", 10, 10):
        pass

    assert _counted(bench) == {*ids} - {held.id}
    assert bench.claim(5) == []


def test_a_redis_that_never_heard_of_it_adopts_it(bench: Bench) -> None:
    ids = _jobs(bench, 2)
    word = ("quota:tenant:acme", '{"waiting":2}', 1_900_000_000_000_000, "ada", "why", 1)

    assert bench.functions.call("adopt", 0, *word) == 1
    while bench.functions.call("usher", 10, 10):
        pass

    assert _counted(bench) == {*ids}
    assert bench.enqueue(new_job(**ACME)) == [[-3, 2, 2]]


def test_who_dies_while_jobs_are_counted_leaves_the_rest_to_the_usher(bench: Bench) -> None:
    ids = [job_id for _ in range(15) for job_id in _jobs(bench, 100)]
    assert bench.functions.call("quota", "ada", "", "acme", '{"waiting":2000}')[2] == 1
    assert bench.functions.call("count_in", "acme", 100) == 1

    steps = 0
    while bench.functions.call("usher", 10, 10):
        steps += 1

    assert 0 < steps < 20
    assert _counted(bench) == {*ids}


def test_jobs_that_move_while_they_are_counted_count_once(bench: Bench) -> None:
    for _ in range(8):
        _jobs(bench, 100)
    bench.functions.call("quota", "ada", "", "acme", '{"waiting":2000,"running":60}')

    is_more, held = 1, []
    while is_more:
        is_more = bench.functions.call("count_in", "acme", 50)
        _jobs(bench, 3)
        held += bench.claim(4)
        if len(held) > 8:
            bench.settle(held.pop(0), "retried", delay=9000)

    assert bench.complaints() == []


def test_what_an_earlier_release_started_keeps_nobody_out(bench: Bench) -> None:
    """Its steps took the jobs of a tenant and did not say so."""
    _set(bench, waiting=3)
    ids = _jobs(bench, 3)
    [held] = bench.claim(1)
    bench.redis.sadd(bench.keys.waiting("acme"), held.id)
    bench.redis.sadd(bench.keys.waiting("acme"), "deleted")

    assert bench.enqueue(new_job("new", **ACME)) == [1]

    assert _counted(bench) == {*ids, "new"} - {held.id}


def test_what_an_earlier_release_accepted_is_held_when_it_is_claimed(bench: Bench) -> None:
    _set(bench, waiting=5, running=1)
    ids = _jobs(bench, 2)
    for job_id in ids:
        bench.redis.hdel(bench.keys.job(job_id), "quota")
    bench.redis.delete(bench.keys.waiting("acme"))

    [held] = bench.claim(5)

    assert bench.field(held.id, "quota") == "acme"
    bench.settle(held, "released")
    assert _counted(bench) == {held.id}
    [wrong] = _quotas(bench).miscounted(ids, repair=True)
    assert wrong == Miscounted(ids[1], "acme", Misfit.MISSING)
    assert bench.complaints() == []


def test_the_ledger_names_who_is_counted_wrongly_and_puts_it_right(bench: Bench) -> None:
    quotas = _quotas(bench)
    _set(bench, waiting=9, running=9)
    missing, unmarked, *_ = ids = _jobs(bench, 4)
    running = bench.claim(4)[3]
    for held in bench.redis.smembers(bench.keys.holders("tenant:acme")) - {running.id.encode()}:
        job = next(each for each in ids if each.encode() == held)
        fence = bench.field(job, "fence")
        assert bench.functions.codes("settle", job, fence, "released", 0, "", "", 1, "") == [1]
    bench.redis.srem(bench.keys.waiting("acme"), missing)
    bench.redis.hdel(bench.keys.job(unmarked), "quota")
    bench.redis.srem(bench.keys.holders("tenant:acme"), running.id)
    bench.redis.sadd(bench.keys.waiting("acme"), "nobody", running.id)

    def look(*, repair: bool) -> dict[str, Misfit]:
        found = quotas.miscounted(ids, repair=repair)
        for page in quotas.counted("acme"):
            found += quotas.miscounted(page, "acme", repair=repair)
        return {f"{each.job_id} {each.misfit}": each.misfit for each in found}

    before = bench.snapshot()
    found = look(repair=False)
    assert bench.snapshot() == before
    expected = {
        (missing, Misfit.MISSING),
        (unmarked, Misfit.UNMARKED),
        (running.id, Misfit.SLOTLESS),
        ("nobody", Misfit.SURPLUS),
        (running.id, Misfit.SURPLUS),
    }
    assert {tuple(name.split(" ")) for name in found} == {(i, m.value) for i, m in expected}

    assert look(repair=True) == found
    assert (look(repair=True), bench.complaints()) == ({}, [])


def test_fifty_producers_are_never_over_by_one(bench: Bench) -> None:
    _set(bench, waiting=70)

    def produce(number: int) -> int:
        accepted = 0
        for step in range(4):
            [*codes] = bench.enqueue(*(new_job(f"p{number}-{step}-{n}", **ACME) for n in range(3)))
            accepted += codes.count(1)
            assert bench.redis.scard(bench.keys.waiting("acme")) <= 70
            if number % 10 == 0:
                for held in bench.claim(1, worker=f"w{number}"):
                    bench.settle(held, "finished")
        return accepted

    with ThreadPoolExecutor(50) as pool:
        accepted = sum(pool.map(produce, range(50)))
    # The last ones of all may have been claimed when everybody was done.
    accepted += bench.enqueue(*(new_job(**ACME) for _ in range(30))).count(1)

    finished = sum(bench.field(job, "status") == "finished" for job in _ids(bench))
    assert len(_counted(bench)) == 70 == accepted - finished
    assert bench.complaints() == []


def _ids(bench: Bench) -> list[str]:
    head = bench.keys.job("")
    return [key.decode().removeprefix(head) for key in bench.redis.scan_iter(f"{head}*")]


@pytest.mark.parametrize("options", [{}, {"tenant": "acme"}], ids=["nobody's", "a tenant's"])
def test_a_deployment_without_quotas_sends_no_command_more(
    bench: Bench, options: dict[str, str]
) -> None:
    bench.seed(new_job(options=options))
    bench.claim()
    jobs = [new_job(options=options) for _ in range(10)]

    enqueued = _commands(bench, lambda: bench.enqueue(*jobs))
    held: list[ClaimedJob] = []
    claimed = _commands(bench, lambda: held.extend(bench.claim(10)))
    settled = _commands(bench, lambda: bench.settle(held[0], "retried", delay=9000))
    canceled = _commands(bench, lambda: bench.cancel(held[0].id))

    assert (enqueued["exists"], enqueued["hset"]) == (10, 10)
    assert not enqueued.keys() & {"hget", "hgetall", "scard", "srandmember"}
    # Of each job its fields, and once how events are told.
    assert (claimed["exists"], claimed["hmget"]) == (1, 10 + 1)
    of_quotas = {"hget", "scard", "sadd", "srem", "sismember"}
    assert not (claimed.keys() | settled.keys() | canceled.keys()) & of_quotas


def test_beside_a_tenant_with_a_quota_another_one_pays_one_question_a_call(bench: Bench) -> None:
    bench.seed(new_job())
    other = [new_job(options={"tenant": "globex"}) for _ in range(20)]
    plain = _commands(bench, lambda: bench.enqueue(*other[:10]))
    _set(bench, waiting=5)

    beside = _commands(bench, lambda: bench.enqueue(*other[10:]))

    # Whether there are quotas or fair queues, which of both, and what is said of the tenant.
    assert beside - plain == Counter({"exists": 2, "hgetall": 1, "hget": 1})


def test_many_jobs_of_a_call_are_counted_with_one_command(bench: Bench) -> None:
    _set(bench, waiting=500)
    jobs = [new_job(**ACME) for _ in range(100)]

    enqueued = _commands(bench, lambda: bench.enqueue(*jobs))
    claimed = _commands(bench, lambda: bench.claim(100))

    assert (enqueued["scard"], enqueued["hget"]) == (1, 1)
    assert (claimed["srem"], claimed["hget"]) == (1, 1)


def test_a_refusal_through_the_client_names_number_and_limit(bench: Bench) -> None:
    from backend.broker.jobs.job_queue import RedisJobQueue

    _set(bench, waiting=1)
    queue = RedisJobQueue(bench.redis, bench.redis, bench.keys)

    with pytest.raises(QuotaExceeded) as refused:
        queue.enqueue([new_job(f"m{number}", **ACME) for number in range(250)])

    assert refused.value.details["accepted"] == 1
    assert refused.value.details["accepted_ids"] == ["m0"]


def test_all_are_looked_at_in_one_round_trip(bench: Bench) -> None:
    for tenant in ("acme", "bolt", "crow"):
        _quotas(bench).set(tenant, Quota(waiting=5), by="ada", reason="")

    told = _commands(bench, lambda: _quotas(bench).all(10))

    # The clock is asked once for each.
    assert (told["time"], told["scard"]) == (1, 6)


def test_where_nobody_has_a_quota_nothing_more_is_asked(bench: Bench) -> None:
    assert _commands(bench, lambda: _quotas(bench).all(10)) == Counter({"hgetall": 1})
