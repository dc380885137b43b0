"""What a claim of a fair queue costs beside one of a plain queue, in Redis' own time and in the worker's: claims of both in turn, of queues with as many jobs.

    python -m benchmarks.fair_claims --keys 1 16 100 1000 --batch 16

Every claim is full. Of the rounds one tells that few were quicker than: it was disturbed least.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any, NamedTuple

from redis import Redis

from backend.broker.jobs.dispatch import RedisDispatch
from backend.broker.keys import Keys
from backend.broker.redis_broker import RedisBroker
from backend.domain.jobs.options.fairness import Fairness
from backend.domain.ports import ClaimPlan
from benchmarks.fairness import FLOOD, job_of, server

CLAIMS = 8
WAYS = ("plain", "fair")


def _worker(client: Redis, way: str, tenants: list[str]) -> RedisDispatch:
    """Of a deployment of its own, with a job for each name."""
    broker = RedisBroker(client, client, Keys(way))
    if way == "fair":
        broker.fair_queues.set_rule("normal", Fairness(), by="bench", reason="")
    for at in range(0, len(tenants), 1000):
        broker.queue.enqueue([job_of(tenant) for tenant in tenants[at : at + 1000]])
    return broker.dispatch("w1", ("default",), lease_seconds=600)


class Cost(NamedTuple):
    """Of a job."""

    #: What the server says, and what the worker waited for all of it.
    redis_us: float
    worker_us: float
    commands: float


def _cost(client: Redis, worker: RedisDispatch, batch: int) -> Cost:
    client.config_resetstat()
    began = time.perf_counter()
    for _ in range(CLAIMS):
        jobs = worker.settle_and_claim([], [ClaimPlan("normal", 0)], batch)[1]
        assert len(jobs) == batch
    waited_us = (time.perf_counter() - began) * 1e6
    stats: Any = client.info("commandstats")
    ours = {"cmdstat_info", "cmdstat_fcall", "cmdstat_config|resetstat"}
    commands = sum(int(each["calls"]) for name, each in stats.items() if name not in ours)
    costs = stats["cmdstat_fcall"]["usec"], waited_us, commands
    return Cost(*(each / CLAIMS / batch for each in costs))


def measure(client: Redis, keys: int, asked: argparse.Namespace) -> dict[str, Any]:
    """Both ways, with so many keys."""
    client.flushall()
    each = asked.rounds * CLAIMS * asked.batch // keys + 2
    tenants = [FLOOD] * asked.flood + [f"t{n}" for n in range(keys) for _ in range(each)]
    workers = {way: _worker(client, way, tenants) for way in WAYS}
    costs = {way: list[Cost]() for way in WAYS}
    for number in range(asked.rounds):
        for way in WAYS if number % 2 else reversed(WAYS):
            costs[way].append(_cost(client, workers[way], asked.batch))
    told: dict[str, Any] = {"keys": keys}
    for what in Cost._fields:
        plain, fair = (sorted(getattr(each, what) for each in costs[way]) for way in WAYS)
        few = asked.rounds // 10
        told[what] = {"plain": round(plain[few], 2), "fair": round(fair[few], 2)}
        told[what]["ratio"] = round(fair[few] / plain[few], 3)
    return told


def main() -> None:
    """Prints a line of JSON for each number of keys."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, nargs="+", default=[1, 16, 100, 1000])
    parser.add_argument("--flood", type=int, default=0, help="jobs of one key more")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=60)
    asked = parser.parse_args()
    with server() as client:
        for keys in asked.keys:
            print(json.dumps(measure(client, keys, asked)), flush=True)


if __name__ == "__main__":
    main()
