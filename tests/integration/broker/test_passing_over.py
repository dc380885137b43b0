"""What a search costs for jobs of one kind behind a long backlog of the other."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from backend.broker.jobs.dispatch import RedisDispatch
from backend.domain.ports import ClaimPlan
from tests.contract.broker.jobs import new_job
from tests.integration.broker.bench import Bench
from workers.runtime.loop.passing_over import PassingOver

BEFORE = 6000


def test_behind_6000_others_a_job_is_found_in_two_commands_for_each_hundred(bench: Bench) -> None:
    for _ in range(BEFORE // 500):
        bench.enqueue(*(new_job() for _ in range(500)))
    bench.seed(new_job("f1", job_type="fetch"))
    dispatch = RedisDispatch(bench.redis, bench.keys, worker="w1", lanes=["default"], lease=60)
    passing = PassingOver(dispatch, lambda _: [ClaimPlan("normal", 0)], ("fetch",))
    bench.redis.config_resetstat()

    looks = 1
    with closing(dispatch):
        while not (found := passing.pick(passing.for_loop, 10)):
            looks += 1

    assert [job.id for job in found] == ["f1"]
    assert looks == 2 * BEFORE // 100
    counts: Any = bench.redis.info("commandstats")
    assert counts["cmdstat_fcall"]["calls"] == looks
    # Of each place that was looked at the type of its job, and of each look its part of the queue.
    assert counts["cmdstat_hmget"]["calls"] <= looks * 100 + 100
    assert counts["cmdstat_lrange"]["calls"] == looks
