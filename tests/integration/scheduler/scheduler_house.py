"""Everything about schedules on real stores, and the way to turn back their clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from redis import Redis
from sqlalchemy import Engine

from backend.broker.jobs.job_queue import RedisJobQueue
from backend.broker.keys import Keys
from backend.broker.schedules.redis_freezes import RedisFreezes
from backend.broker.server.connection import connect_blocking
from backend.domain.access.actor import Actor
from backend.domain.jobs.job_event import EventKind
from backend.domain.jobs.job_type import JobType, JobTypeCatalogue
from backend.domain.ports import JobQueue, Leadership
from backend.domain.schedules.schedule import Schedule
from backend.domain.schedules.schedule_ports import TickBook
from backend.domain.schedules.schedule_tick import Tick
from backend.domain.schedules.schedule_verdict import CatchUpRules
from backend.history.audit.audit_store import PostgresAuditStore
from backend.history.audit.seal_store import PostgresSealStore
from backend.history.schedules.duty_leases import PostgresLeadership
from backend.history.schedules.schedule_store import PostgresScheduleStore, PostgresTickBook
from backend.loops.cron import Cron
from backend.loops.leader import Leader
from backend.services.access.audit_service import AuditService
from backend.services.actions.action_log import ActionLog
from backend.services.actions.schedules import ScheduleActions
from backend.services.jobs.job_intake import IntakeRules, JobIntake
from backend.services.scheduler_service import SchedulerParts, SchedulerService
from backend.services.schedules.schedule_editor import ScheduleEditor
from backend.services.schedules.schedule_intake import ScheduleIntake
from backend.services.schedules.schedule_runner import ScheduleRunner
from backend.services.schedules.schedule_seeding import ScheduleSeeding
from backend.services.schedules.schedule_system import all_seeds
from backend.telemetry.clock import SystemClock
from tests.integration.broker.told import events_of
from tests.integration.history.databases import rows, run

ANNA = Actor("anna")
#: So long that nobody loses the lead because the machine is busy.
LEASE_SECONDS = 600
JOB_TYPES = ("report", "prune_history", "reconcile", "check_workers", "cleanup", "backup")


def do_nothing() -> None:
    """What the job types of these tests do."""


class SchedulerHouse:
    """The services and loops of schedules, wired by hand."""

    def __init__(self, redis: Redis, redis_url: str, engine: Engine) -> None:
        self.redis, self.engine, self.keys = redis, engine, Keys("rq")
        self.clock = SystemClock()
        self.book: TickBook = PostgresTickBook(engine)
        self.store = PostgresScheduleStore(engine)
        self.audit = AuditService(PostgresAuditStore(engine), PostgresSealStore(engine), self.clock)
        self.queue = RedisJobQueue(redis, connect_blocking(redis_url), self.keys)
        self.know(*JOB_TYPES)
        self.rules = CatchUpRules(missed_after=30, most=100)

    def know(self, *job_types: str) -> None:
        """Knows these job types, and no others."""
        self.catalogue = JobTypeCatalogue(JobType(name, do_nothing) for name in job_types)
        jobs = JobIntake(self.catalogue, IntakeRules(), new_id=lambda: "id", now=self.clock.now)
        self.intake = ScheduleIntake(jobs)

    @property
    def service(self) -> SchedulerService:
        """The door, with no configured schedules but the shipped ones."""
        return self.service_with({})

    def service_with(self, configured: dict[str, dict[str, Any]]) -> SchedulerService:
        """The door, with a configuration."""
        editor = ScheduleEditor(self.store)
        seeding = ScheduleSeeding(self.store, editor, self.intake, all_seeds(configured))
        actions = ScheduleActions(
            ActionLog(self.audit),
            self.store,
            editor,
            intake=self.intake,
            runner=self.runner(),
            seeding=seeding,
            catalogue=self.catalogue,
        )
        return SchedulerService(
            SchedulerParts(self.store, editor, self.intake, seeding=seeding, actions=actions)
        )

    def runner(self, book: TickBook | None = None, queue: JobQueue | None = None) -> ScheduleRunner:
        """What fires ticks; over other doors to the stores if given."""
        freezes = RedisFreezes(self.redis, self.keys)
        parts = (book or self.book, queue or self.queue, self.intake, self.rules)
        return ScheduleRunner(*parts, freezes.all)

    def cron(
        self,
        holder: str,
        seed: Callable[[], object] = lambda: None,
        *,
        leadership: Leadership | None = None,
        runner: ScheduleRunner | None = None,
    ) -> Cron:
        """The loop of one scheduler; with other ways to lead and to fire if given."""
        by = leadership or PostgresLeadership(self.engine)
        leader = Leader(by, self.clock, duty="cron", holder=holder, lease=LEASE_SECONDS)
        return Cron(runner or self.runner(), leader, seed)

    def create(self, name: str = "nightly", **said: Any) -> Schedule:
        """A schedule of every minute, unless it says otherwise."""
        if "cron" not in said:
            said.setdefault("interval", 60)
        return self.service.create(name, "report", by=ANNA, **said)

    def stand_still_since(self, name: str, ago: timedelta) -> datetime:
        """As if nobody had fired a schedule for so long: its next tick lies in the past; when."""
        run(
            self.engine,
            "UPDATE schedules SET starts_at = date_trunc('second', now()) - :ago,"
            " next_at = date_trunc('second', now()) - :ago,"
            " next_due_at = date_trunc('second', now()) - :ago"
            " WHERE name = :name AND deleted_at IS NULL",
            ago=ago,
            name=name,
        )
        schedule = self.service.get(name).schedule
        assert schedule.next_at is not None
        return schedule.next_at

    def catch_up(self) -> None:
        """Steps until nothing is due."""
        runner = self.runner()
        while runner.step() == 0.0:
            pass

    def ticks(self, name: str = "nightly") -> list[Tick]:
        """Every tick of a schedule, the oldest first."""
        newest = "SELECT id FROM schedules WHERE name = :n ORDER BY created_at DESC LIMIT 1"
        schedule_id = rows(self.engine, newest, n=name)[0]["id"]
        return self.store.ticks(schedule_id, before=None, outcome="", most=10_000)[::-1]

    def jobs(self) -> list[str]:
        """The ids of all jobs that were ever enqueued, once for each time."""
        return jobs_enqueued(self.redis, self.keys)


def jobs_enqueued(redis: Redis, keys: Keys) -> list[str]:
    """The ids that the event stream says were enqueued."""
    told = events_of(redis, keys)
    return [event.job_id for event in told if event.kind == EventKind.ENQUEUED]
