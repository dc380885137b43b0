"""How far back the jobs of small tenants stand behind the flood of a large one, counted in claims, not in time.

    python -m benchmarks.fairness --flood 100000 --others 99 --jobs 10

One tenant enqueues the flood, then the others their jobs each; one worker claims. Both ways: in a queue as it is, and in a
fair one. Also told: the commands that a claim of 16 and the enqueueing of a job cost Redis either way, and the time of the
latter; the time of a claim is told by `benchmarks.fair_claims`, for here the plain queue has run empty by then.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from redis import Redis

from backend.broker.keys import Keys
from backend.broker.redis_broker import RedisBroker
from backend.broker.server import library
from backend.broker.server.connection import connect
from backend.domain.jobs.job import NewJob
from backend.domain.jobs.options.fairness import Fairness
from backend.domain.jobs.queue_name import QueueName
from backend.domain.ports import ClaimPlan
from backend.embedded.redis_server import RedisOptions, RedisServer

BATCH = 16
FLOOD = "flood"


@contextmanager
def server() -> Iterator[Redis]:
    """An empty Redis of its own."""
    with tempfile.TemporaryDirectory() as folder:
        options = RedisOptions(append_only=False)
        redis = RedisServer(
            Path(folder), socket_dir=Path(folder), log=Path(folder) / "log", options=options
        )
        redis.start()
        client = connect(redis.url)
        library.load(client)
        yield client
        client.close()
        redis.stop()


class Run:
    """One queue, fair or not, and one worker."""

    def __init__(self, client: Redis, *, is_fair: bool) -> None:
        client.flushall()
        self._client = client
        self._broker = RedisBroker(client, client, Keys("rq"))
        if is_fair:
            self._broker.fair_queues.set_rule("normal", Fairness(), by="bench", reason="")
        self._worker = self._broker.dispatch("w1", ("default",), lease_seconds=600)

    def enqueue(self, tenant: str, jobs: int) -> None:
        """All at once."""
        for done in range(0, jobs, 1000):
            some = min(1000, jobs - done)
            self._broker.queue.enqueue([job_of(tenant) for _ in range(some)])

    def claims_until_the_last(self, small: int) -> int:
        """How many jobs are claimed until all jobs of others than the flood are."""
        claimed = found = 0
        while found < small:
            jobs = self._worker.settle_and_claim([], [ClaimPlan("normal", 0)], BATCH)[1]
            for job in jobs:
                claimed += 1
                found += f'"{FLOOD}"'.encode() not in job.options
                if found == small:
                    break
        return claimed

    def commands(self, act: Callable[[], None]) -> int:
        """What an act costs Redis."""
        self._client.config_resetstat()
        act()
        stats: Any = self._client.info("commandstats")
        ours = {"cmdstat_info", "cmdstat_fcall", "cmdstat_config|resetstat"}
        return sum(int(each["calls"]) for name, each in stats.items() if name not in ours)

    def claim(self) -> None:
        """One call."""
        self._worker.settle_and_claim([], [ClaimPlan("normal", 0)], BATCH)

    def microseconds(self, act: Callable[[], None], times: int) -> float:
        """Redis' own time of an act, by its count of the function calls."""
        self._client.config_resetstat()
        for _ in range(times):
            act()
        stats: Any = self._client.info("commandstats")
        return float(stats["cmdstat_fcall"]["usec"]) / times


def job_of(tenant: str) -> NewJob:
    """As small as most."""
    queue, options = QueueName.parse("normal"), {"tenant": tenant}
    return NewJob(uuid4().hex, "greet", queue, '{"name":"Ada"}', options, 3, 60.0, 500)


def measure(client: Redis, asked: argparse.Namespace, *, is_fair: bool) -> dict[str, Any]:
    """One way."""
    run = Run(client, is_fair=is_fair)
    run.enqueue(FLOOD, asked.flood)
    for number in range(asked.others):
        run.enqueue(f"t{number}", asked.jobs)
    small = asked.others * asked.jobs
    last = run.claims_until_the_last(small)
    for number in range(10 * BATCH):
        run.enqueue(f"t{number}", 1)
    return {
        "claims_until_the_last_small_job": last,
        "as_if_all_were_small": small + asked.jobs,
        "commands_of_a_claim_of_16": run.commands(run.claim),
        "commands_of_100_jobs_together": run.commands(lambda: run.enqueue(FLOOD, 100)),
        "commands_of_a_job_alone": run.commands(lambda: run.enqueue(FLOOD, 1)),
        "redis_us_of_a_job_alone": round(run.microseconds(lambda: run.enqueue(FLOOD, 1), 2000), 2),
    }


def main() -> None:
    """Prints both ways as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flood", type=int, default=100_000)
    parser.add_argument("--others", type=int, default=99)
    parser.add_argument("--jobs", type=int, default=10)
    asked = parser.parse_args()
    with server() as client:
        found = {name: measure(client, asked, is_fair=name == "fair") for name in ("plain", "fair")}
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
