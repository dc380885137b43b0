"""Two actors at one job: every order in which their steps can reach Redis.

Each step is atomic, so to try all orders of the steps is to try everything that can happen between
the two. After each order the whole of Redis must add up, the job must have one owner at most, and
when the rest is worked off it must be in one final state.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

import pytest
from redis import Redis

from backend.broker.keys import Keys
from backend.broker.server import library
from backend.broker.server.connection import connect
from backend.domain.jobs.job import ClaimedJob
from backend.embedded.servers import Servers
from tests.integration.broker.bench import ERROR, Bench, new_job

Step = Callable[[], object]


class Scene:
    """A limited job, a second one behind the same limit, and who acts on them."""

    def __init__(self, redis: Redis) -> None:
        redis.flushall()
        self.bench = Bench(redis, Keys("rq"))
        self.bench.functions.call("limit", "", "", "greet", 1)
        self.bench.seed(new_job("a", max_attempts=2), new_job("b", "low"))
        self.held: dict[str, ClaimedJob] = {}
        self.seen: dict[str, tuple[ClaimedJob, str]] = {}
        self.settled: list[str] = []

    def _claim(self, worker: str) -> None:
        for job in self.bench.claim(1, worker=worker):
            self.held[worker] = job

    def _settle(self, worker: str, kind: str) -> None:
        job = self.held.get(worker)
        if job and self.bench.settle(job, kind, delay=9000, body=ERROR) == 1:
            self.settled.append(job.id)

    def _beat(self, worker: str) -> None:
        if worker in self.held:
            self.bench.extend(self.held[worker])

    def _look(self) -> None:
        """A rescuer sees the lease of whoever holds the first job, which has just ended."""
        for job in self.held.values():
            if job.id == "a" and self.bench.field("a", "fence") == job.fence:
                self.seen["a"] = (job, self.bench.let_lease_end("a") if self._runs() else "")

    def _runs(self) -> bool:
        return self.bench.field("a", "status") == "started"

    def _rescue(self, kind: str) -> None:
        if "a" in self.seen:
            job, lease = self.seen["a"]
            self.bench.rescue(job, kind, lease=lease, only_expired=True, body=ERROR)

    def _promote(self) -> None:
        self.bench.make_due(*self.bench.members(self.bench.keys.schedule))
        self.bench.promote()

    def _usher(self) -> None:
        self.bench.functions.call("usher", 10, 10)

    def actors(self) -> dict[str, list[Step]]:
        """What each does, in its own order."""
        return {**self._processes(), **self._people()}

    def _processes(self) -> dict[str, list[Step]]:
        return {
            "worker that finishes": [
                lambda: self._claim("w1"),
                lambda: self._beat("w1"),
                lambda: self._settle("w1", "finished"),
                lambda: self._settle("w1", "finished"),
            ],
            "worker that fails": [
                lambda: self._claim("w2"),
                lambda: self._settle("w2", "retried"),
                lambda: self._claim("w2"),
                lambda: self._settle("w2", "failed"),
            ],
            "worker that stops": [
                lambda: self._claim("w3"),
                lambda: self._settle("w3", "released"),
            ],
            "rescuer": [self._look, lambda: self._rescue("crashed"), self._look],
            "careful rescuer": [self._look, self._look, lambda: self._rescue("released")],
            "promoter": [self._promote, self._promote],
            "usher": [self._usher, self._usher],
        }

    def _people(self) -> dict[str, list[Step]]:
        call = self.bench.functions.call
        return {
            "impatient operator": [
                lambda: self.bench.cancel("a"),
                lambda: self.bench.cancel("a", force=True),
                lambda: self.bench.redrive("a"),
            ],
            "tidy operator": [
                lambda: self.bench.redrive("a"),
                lambda: self.bench.discard("a", how="resolved"),
                lambda: call("purge", "normal", "ada", "why", 1),
            ],
            "operator who cannot wait": [
                lambda: self.bench.run_now("a", "b"),
                lambda: self.bench.run_now("a"),
            ],
            "operator of queues": [
                lambda: call("pause", "type:greet"),
                lambda: self.bench.reprioritise("a", "high"),
                lambda: self.bench.resume("type:greet", lanes=("default",)),
                lambda: call("limit", "", "", "greet", 0),
                lambda: call("limit", "", "", "greet", 1),
            ],
            "caller": [
                lambda: self.bench.enqueue(new_job("a")),
                lambda: self.bench.enqueue(new_job("b", "low")),
            ],
        }

    def work_off(self) -> None:
        """Everybody else has gone: one worker and one promoter finish what is left."""
        self.bench.resume("type:greet")
        for job_id in ("a", "b"):
            if self.bench.field(job_id, "status") == "started":
                held = [job for job in self.held.values() if job.id == job_id]
                newest = max(held, key=lambda job: job.attempt)
                assert self.bench.rescue(newest) == 1
        for _ in range(4):
            self._promote()
            for job in self.bench.claim(5):
                assert self.bench.settle(job, "finished") == 1
                self.settled.append(job.id)


@pytest.fixture(scope="module")
def redis(servers: Servers) -> Iterator[Redis]:
    client = connect(servers.redis_url)
    library.load(client)
    yield client
    client.close()


def _orders(first: int, second: int) -> Iterator[Sequence[int]]:
    """Every way to merge two sequences, as which of the two comes next."""
    for places in itertools.combinations(range(first + second), first):
        yield [0 if at in places else 1 for at in range(first + second)]


NAMES = [
    "worker that finishes",
    "worker that fails",
    "worker that stops",
    "rescuer",
    "careful rescuer",
    "promoter",
    "usher",
    "impatient operator",
    "tidy operator",
    "operator who cannot wait",
    "operator of queues",
    "caller",
]
WORKERS = NAMES[:3]
PAIRS = [pair for pair in itertools.combinations(NAMES, 2) if pair[0] in WORKERS]


@pytest.mark.parametrize("pair", PAIRS, ids=" and ".join)
def test_in_whatever_order_two_actors_meet_nothing_is_lost_or_done_twice(
    redis: Redis, pair: tuple[str, str]
) -> None:
    sizes = [len(Scene(redis).actors()[name]) for name in pair]

    for order in _orders(*sizes):
        scene = Scene(redis)
        steps = [iter(scene.actors()[name]) for name in pair]
        for actor in order:
            next(steps[actor])()
        assert scene.bench.complaints() == [], order

        scene.work_off()

        assert scene.bench.complaints() == [], order
        final = [scene.bench.field(job_id, "status") for job_id in ("a", "b")]
        assert set(final) <= {"finished", "failed", "canceled"}, order
        finishes = [event.job_id for event in scene.bench.events() if event.kind == "finished"]
        assert len(finishes) == len(set(finishes)), order
