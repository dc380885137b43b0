"""More room behind a gate than one step may let through: step by step, all of it, and no more than that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from backend.broker.jobs.declarations import RedisDeclarations
from backend.broker.jobs.gates.quotas import RedisQuotas
from backend.broker.jobs.operations import RedisOperations
from backend.broker.server.functions import Functions
from backend.domain.jobs.job_type import JobType
from backend.domain.jobs.options.quota import Quota
from tests.integration.broker.bench import Bench, new_job

#: What one step may let through.
MOST = 1000
BY = {"by": "ada", "reason": "a test"}


def _limit(bench: Bench, most: int) -> None:
    RedisOperations(bench.redis, bench.keys).limit("greet", most, **BY)


def _limit_key(bench: Bench, most: int) -> None:
    RedisOperations(bench.redis, bench.keys).limit_key("k", most, **BY)


def _give_quota(bench: Bench, most: int) -> None:
    RedisQuotas(bench.redis, bench.keys).set("acme", Quota(running=most), **BY)


def _declare(bench: Bench, most: int) -> None:
    kind = JobType("greet", lambda: None, limit=most, version=most)
    RedisDeclarations(bench.redis, bench.keys).publish([kind])


WAYS: dict[str, tuple[Callable[[Bench, int], None], dict[str, Any], str]] = {
    "limit": (_limit, {}, "type:greet"),
    "limit of a key": (_limit_key, {"limit_key": "k", "limit": 9}, "key:k"),
    "quota": (_give_quota, {"options": {"tenant": "acme"}}, "tenant:acme"),
    "declared limit": (_declare, {}, "type:greet"),
}


def _let_through(bench: Bench) -> int:
    return int(bench.redis.info("commandstats").get("cmdstat_hdel", {"calls": 0})["calls"])


@pytest.fixture
def moved(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many each call of a step let through."""
    calls: list[int] = []
    original = Functions.call

    def counted(self: Functions, *words: Any, **kwargs: Any) -> Any:
        before = _let_through(bench)
        reply = original(self, *words, **kwargs)
        calls.append(_let_through(bench) - before)
        return reply

    monkeypatch.setattr(Functions, "call", counted)
    return calls


@pytest.mark.parametrize("most", [0, None])
def test_a_key_that_is_limited_no_more_lets_all_through(
    bench: Bench, moved: list[int], most: int | None
) -> None:
    desk = RedisOperations(bench.redis, bench.keys)
    desk.limit_key("k", 1, **BY)
    _, *ids = bench.seed(*[new_job(limit_key="k", limit=1000) for _ in range(501)])
    while bench.queue():
        bench.claim(501)
    moved.clear()

    desk.limit_key("k", most, **BY)

    assert (max(moved) <= MOST, bench.queue()) == (True, ids)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("room", [2199, 5000])
def test_each_step_lets_some_through_and_all_do_what_was_said(
    bench: Bench, moved: list[int], way: str, room: int
) -> None:
    say, fields, gate = WAYS[way]
    say(bench, 1)
    _, *ids = bench.seed(*[new_job(**fields) for _ in range(2500)])
    while bench.queue():
        bench.claim(2500)
    assert bench.parked(gate) == ids
    moved.clear()

    say(bench, room + 1)

    assert max(moved) <= MOST
    assert sorted(bench.queue()) == sorted(ids[:room])
    assert bench.parked(gate) == ids[room:]
