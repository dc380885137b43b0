"""The ``key_rate`` step, and what a rate of a key costs those who have none."""

from __future__ import annotations

import pytest

from tests.integration.broker.bench import Bench, new_job

GATE = "rate:crm:a"
SAID = {"options": {"rate_share": "1/1/6/60/1/crm:a"}}


def _set(bench: Bench, value: str, by: str = "ada") -> int:
    moved: int = bench.functions.call("key_rate", by, "why", "crm:a", value)
    return moved


def test_it_is_on_record_until_something_else_is_said(bench: Bench) -> None:
    _set(bench, "10/60/1")
    said = bench.redis.hget(bench.keys.controls, "keyrate:key:crm:a")
    assert b'"value":"10\\/60\\/1"' in said

    _set(bench, "10/60/1", by="bob")

    assert bench.redis.hget(bench.keys.controls, "keyrate:key:crm:a") == said
    _set(bench, "")
    assert b'"value":""' in bench.redis.hget(bench.keys.controls, "keyrate:key:crm:a")


def test_a_redis_that_lost_it_gets_it_from_its_control(bench: Bench) -> None:
    _set(bench, "10/60/1")
    bench.redis.delete(bench.keys.key_rates)

    bench.functions.call("controls")

    assert bench.redis.hget(bench.keys.key_rates, "crm:a") == b"10/60/1"


def test_a_redis_that_never_heard_of_it_adopts_it(bench: Bench) -> None:
    word = ("keyrate:key:crm:a", "none", 1_900_000_000_000_000, "ada", "why", 1_900_000_000_000)

    assert bench.functions.call("adopt", 0, *word) == 1

    assert bench.redis.hget(bench.keys.key_rates, "crm:a") == b"none"


@pytest.mark.parametrize("said", ["", "x", "0/a", "1/1/6/60", "1/1/6/60/9/", "1/1/plenty/60/1/k:a"])
def test_what_tells_no_rate_stops_nobody(bench: Bench, said: str) -> None:
    bench.tampered = True
    bench.seed(new_job("a"), new_job("b"))
    for job_id in ("a", "b"):
        bench.redis.hset(bench.keys.job(job_id), "rate", said)

    assert [job.id for job in bench.claim(9)] == ["a", "b"]


def test_behind_one_that_is_gone_the_next_is_found(bench: Bench) -> None:
    bench.seed(*(new_job(job_id, **SAID) for job_id in "abcd"))
    assert [job.id for job in bench.claim(9)] == ["a"]
    bench.remove_hash("b")
    bench.redis.delete(bench.keys.spoken_for(GATE), bench.keys.alarms)

    assert bench.functions.call("usher", 10, 10) == 1

    assert bench.parked(GATE) == ["d"]
    assert [job.id for job in bench.claim(9)] == ["c"]


def test_without_any_a_claim_asks_nothing_more(bench: Bench) -> None:
    bench.seed(new_job())
    bench.redis.config_resetstat()

    assert len(bench.claim()) == 1

    stats = bench.redis.info("commandstats")
    assert stats["cmdstat_exists"]["calls"] == 1
    assert "cmdstat_hget" not in stats
    assert "cmdstat_sismember" not in stats


def test_nothing_of_it_is_in_the_hash_of_other_jobs(bench: Bench) -> None:
    bench.seed(new_job("a"), new_job("b", **SAID))

    assert (bench.field("a", "rate"), bench.field("a", "hold")) == (None, None)
    assert bench.field("b", "rate") == "1/1/6/60/1/crm:a"


def test_a_scheduler_is_woken_for_the_alarm_of_a_key(bench: Bench) -> None:
    bench.seed(new_job("a", **SAID), new_job("b", **SAID))
    before = bench.redis.llen(bench.keys.wake("scheduler"))

    bench.claim(9)

    assert bench.redis.llen(bench.keys.wake("scheduler")) > before
    assert bench.members(bench.keys.alarms) == [GATE]
