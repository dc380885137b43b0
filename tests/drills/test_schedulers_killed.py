"""The leader of two schedulers is killed again and again, while jobs come due and seconds tick.

The suite runs a short form; ``TALLY_TEST_DRILL=full`` kills ten times during 2,000 delayed jobs.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from redis import Redis

from backend.broker.jobs.job_queue import RedisJobQueue
from backend.broker.keys import Keys
from backend.broker.server import library
from backend.broker.server.connection import connect as connect_redis
from backend.broker.server.connection import connect_blocking
from backend.domain.jobs.job_event import EventKind
from backend.domain.jobs.job_type import JobType, JobTypeCatalogue
from backend.domain.schedules.schedule_tick import Tick, TickOutcome
from backend.embedded.servers import Servers
from backend.history.schedules.schedule_store import PostgresScheduleStore
from backend.history.schema.migrator import Migrator
from backend.history.server.connection import connect
from backend.services.jobs.job_intake import IntakeRules, JobIntake
from backend.services.queue_service import QueueService
from backend.services.schedules.schedule_editor import ScheduleEditor
from backend.services.schedules.schedule_intake import ScheduleIntake
from backend.telemetry.clock import SystemClock
from tests.drills.scheduler_pair import DUTIES, SchedulerPair
from tests.eventually import eventually
from tests.integration.broker.told import events_of
from tests.integration.history.databases import database
from tests.jobs.well_behaved import note

SEED = 7


class Drill(NamedTuple):
    """How hard it is."""

    kills: int
    jobs: int
    #: The delayed jobs come due within so many seconds, more than the kills take.
    span: float


SHORT, FULL = Drill(2, 300, 11), Drill(10, 2000, 60)


class Stage:
    """The stores, what is asked of the schedulers, and what they did."""

    def __init__(self, redis: Redis, redis_url: str, database_url: str) -> None:
        self.redis, self.keys, self.clock = redis, Keys("rq"), SystemClock()
        self.engine = connect(database_url, name="drill", statement_timeout=30)
        Migrator(self.engine).apply()
        self.store = PostgresScheduleStore(self.engine)
        ids = (f"delayed-{number}" for number in range(10**6))
        catalogue = JobTypeCatalogue([JobType("note", note)])
        self.intake = JobIntake(
            catalogue, IntakeRules(), new_id=lambda: next(ids), now=self.clock.now
        )
        self.queue = RedisJobQueue(redis, connect_blocking(redis_url), self.keys)

    def delay_jobs(self, count: int, span: float) -> list[str]:
        """Jobs that come due at random moments."""
        chance = random.Random(SEED)  # noqa: S311 - a drill, no secret
        requests = [
            {"job_type": "note", "payload": {"file": "-"}, "delay": chance.uniform(1, span)}
            for _ in range(count)
        ]
        return QueueService(self.queue, self.intake).enqueue_many(requests)

    def tick_each_second(self) -> str:
        """A schedule of every second; its id."""
        said = {"job_type": "note", "payload": {"file": "-"}, "interval": 1, "missed_runs": "all"}
        plan = ScheduleIntake(self.intake).plan(said, self.store.now())
        schedule = ScheduleEditor(self.store).add("each-second", plan, by="drill")
        assert schedule is not None
        return schedule.id

    def ticks(self, schedule_id: str) -> list[Tick]:
        """What became of its ticks, the oldest first."""
        return self.store.ticks(schedule_id, before=None, outcome="", most=10_000)[::-1]

    def events(self, kind: EventKind) -> Counter[str]:
        """How often this happened to each job."""
        told = events_of(self.redis, self.keys)
        return Counter(event.job_id for event in told if event.kind == kind)

    def queued(self) -> Counter[str]:
        """How often each job lies in the queue."""
        return Counter(job.decode() for job in self.redis.lrange(self.keys.queue("normal"), 0, -1))


@pytest.fixture
def stage(servers: Servers) -> Iterator[tuple[Stage, str]]:
    redis = connect_redis(servers.redis_url, command_timeout=30)
    redis.flushall()
    library.load(redis)
    with database(servers.database_url) as url:
        stage = Stage(redis, servers.redis_url, url)
        yield stage, url
        stage.engine.dispose()
    redis.close()


@pytest.fixture
def pair(stage: tuple[Stage, str], servers: Servers, tmp_path: Path) -> Iterator[SchedulerPair]:
    pair = SchedulerPair(stage[0].redis, servers.redis_url, stage[1], tmp_path)
    yield pair
    pair.end()


@pytest.mark.timeout(1800)
def test_each_job_and_each_tick_runs_once_though_the_leader_is_killed(
    stage: tuple[Stage, str], pair: SchedulerPair
) -> None:
    drill = FULL if os.environ.get("TALLY_TEST_DRILL") == "full" else SHORT
    scene = stage[0]
    pair.start()
    pair.start()
    pair.wait_for_leaders()
    delayed = scene.delay_jobs(drill.jobs, drill.span)
    schedule_id = scene.tick_each_second()

    hand_overs = [_kill(scene, pair, DUTIES[n % 2], schedule_id) for n in range(drill.kills)]
    eventually(lambda: not scene.redis.zcard(scene.keys.schedule), drill.span + 10, pair.log)
    last_second = scene.store.now() + timedelta(seconds=1)
    eventually(lambda: _has_ticked_until(scene, schedule_id, last_second), 15, pair.log)
    pair.end()

    ticks = [t for t in scene.ticks(schedule_id) if t.outcome is not TickOutcome.PLANNED]
    # A process that was ended between writing ticks and firing them leaves them to the next.
    owed = [t for t in scene.ticks(schedule_id) if t.outcome is TickOutcome.PLANNED]
    assert all(t.planned_at > ticks[-1].planned_at for t in owed)
    first = ticks[0].planned_at
    assert [t.planned_at for t in ticks] == [
        first + timedelta(seconds=n) for n in range(len(ticks))
    ]
    assert {tick.outcome for tick in ticks} == {TickOutcome.RAN}
    enqueued, promoted = scene.events(EventKind.ENQUEUED), scene.events(EventKind.PROMOTED)
    assert {enqueued[tick.job_id] for tick in ticks} == {1}
    assert promoted == Counter(delayed)
    queued = scene.queued()
    assert {queued[job_id] for job_id in delayed} == {1}
    assert {queued[tick.job_id] for tick in ticks} == {1}
    assert sum(queued.values()) <= len(delayed) + len(ticks) + len(owed)
    late = sorted(tick.late_seconds or 0.0 for tick in ticks)
    print(
        f"{len(delayed)} jobs, {len(ticks)} ticks, the latest by {late[-1]:.2f} s; "
        f"hand-overs after {', '.join(f'{seconds:.2f}' for seconds in hand_overs)} s"
    )


def test_a_leader_that_was_frozen_and_goes_on_ticks_nothing_twice(
    stage: tuple[Stage, str], pair: SchedulerPair
) -> None:
    scene = stage[0]
    # Long enough that a busy machine does not make the frozen one, once it goes on, lead rightly.
    pair.environment["TALLY_SCHEDULER__LEADER_LEASE"] = "8"
    pair.start()
    pair.start()
    pair.wait_for_leaders()
    schedule_id = scene.tick_each_second()
    _wait_for_ticks(scene, pair, schedule_id, 1)

    frozen = pair.freeze_leader("cron")
    pair.wait_for_leaders(frozen)
    _wait_for_ticks(scene, pair, schedule_id, 2)
    pair.thaw(frozen)
    _wait_for_ticks(scene, pair, schedule_id, 3)
    assert pair.leader("cron") != frozen
    pair.end()

    ticks = [t for t in scene.ticks(schedule_id) if t.outcome is TickOutcome.RAN]
    first, enqueued = ticks[0].planned_at, scene.events(EventKind.ENQUEUED)
    assert [t.planned_at for t in ticks] == [
        first + timedelta(seconds=n) for n in range(len(ticks))
    ]
    assert {enqueued[tick.job_id] for tick in ticks} == {1}


def _wait_for_ticks(scene: Stage, pair: SchedulerPair, schedule_id: str, more: int) -> None:
    before = len(scene.ticks(schedule_id))
    eventually(lambda: len(scene.ticks(schedule_id)) >= before + more, 20, pair.log)


def _kill(scene: Stage, pair: SchedulerPair, duty: str, schedule_id: str) -> float:
    """Kills the leader some moment after it has fired; seconds until another leads both duties."""
    before = len(scene.ticks(schedule_id))
    eventually(lambda: len(scene.ticks(schedule_id)) > before, 15, pair.log)
    begun = time.monotonic()
    gone = pair.kill_leader(duty)
    pair.wait_for_leaders(gone)
    return time.monotonic() - begun


def _has_ticked_until(scene: Stage, schedule_id: str, instant: object) -> bool:
    ticks = scene.ticks(schedule_id)
    return bool(ticks) and ticks[-1].planned_at >= instant
