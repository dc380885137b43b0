"""The step that says how many jobs of a key may run at once."""

from __future__ import annotations

from tests.integration.broker.bench import Bench, new_job


def _set(bench: Bench, value: int | str, by: str = "ada") -> int:
    moved: int = bench.functions.call("key_limit", by, "why", "k", value)
    return moved


def test_it_is_on_record_until_something_else_is_said(bench: Bench) -> None:
    _set(bench, 3)
    said = bench.redis.hget(bench.keys.controls, "keylimit:key:k")
    assert b'"value":"3"' in said

    _set(bench, 3, by="bob")

    assert bench.redis.hget(bench.keys.controls, "keylimit:key:k") == said
    _set(bench, "")
    assert b'"value":""' in bench.redis.hget(bench.keys.controls, "keylimit:key:k")


def test_a_redis_that_lost_it_gets_it_from_its_control(bench: Bench) -> None:
    _set(bench, 3)
    bench.redis.delete(bench.keys.key_limits)

    bench.functions.call("controls")

    assert bench.redis.hget(bench.keys.key_limits, "k") == b"3"


def test_a_redis_that_never_heard_of_it_adopts_it(bench: Bench) -> None:
    word = ("keylimit:key:k", "4", 1_900_000_000_000_000, "ada", "why", 1_900_000_000_000)

    assert bench.functions.call("adopt", 0, *word) == 1

    assert bench.redis.hget(bench.keys.key_limits, "k") == b"4"


def test_without_any_a_claim_asks_nothing_more(bench: Bench) -> None:
    bench.seed(new_job(limit_key="k", limit=1))
    bench.redis.config_resetstat()

    assert len(bench.claim()) == 1

    stats = bench.redis.info("commandstats")
    assert stats["cmdstat_exists"]["calls"] == 1
    assert "cmdstat_hget" not in stats
