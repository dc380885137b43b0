"""The live side of a deployment, built from settings on demand: what every process needs."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, cast

from redis import Redis

from backend.api.config.settings import Settings
from backend.api.config.store_urls import is_memory
from backend.bootstrap.connections import Connections
from backend.bootstrap.job_type_modules import OWN_MODULES
from backend.broker.keys import Keys
from backend.broker.redis_broker import RedisBroker
from backend.broker.server.functions import Functions, load_library
from backend.broker.server.keyspace import refuse_others
from backend.broker.shard import Shard
from backend.broker.workers.worker_commands import RedisWorkerCommands
from backend.domain.jobs.attempts.retry_policy import RetryPolicy
from backend.domain.jobs.job_id import uuid7
from backend.domain.jobs.job_type import JobTypeCatalogue
from backend.domain.ports import (
    Clock,
    Inspection,
    JobQueue,
    Leadership,
    LeaseBook,
    Operations,
)
from backend.locks.fork_locks import cached_property
from backend.loops.joint_leadership import JointLeadership
from backend.loops.leader import Leader
from backend.loops.rescuer import Rescuer
from backend.services.calling.queue_parts import QueueParts
from backend.services.health.worker_service import WorkerService
from backend.services.jobs.breaker_service import BreakerService
from backend.services.jobs.job_control import JobControl
from backend.services.jobs.job_intake import IntakeRules, JobIntake
from backend.services.queue_service import QueueService
from backend.telemetry.clock import SystemClock
from workers.job_types.configured_middleware import use_configured
from workers.job_types.current_job import current_job
from workers.registry import load_catalogue

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from backend.domain.history.history_ports import HistoryReader
    from backend.memory.broker import MemoryBroker
    from backend.memory.outbox import MemoryOutbox
    from backend.services.access.quota_service import QuotaService
    from backend.services.actions.action_log import AuditTrail
    from backend.services.calling.caller_parts import CallerParts
    from backend.services.events.event_service import EventService
    from backend.services.events.outbox_service import OutboxService
    from backend.services.scheduler_service import SchedulerParts
    from backend.services.schedules.freeze_service import FreezeService


def new_job_id() -> str:
    """A fresh UUIDv7."""
    return uuid7(time.time_ns() // 1_000_000, os.urandom(10))


class Platform:
    """Every part of one deployment, made when it is first asked for."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        """By default with the clock of this machine."""
        self.settings = settings
        self.clock: Clock = clock or SystemClock()
        self.connections = Connections(settings)

    @property
    def shards(self) -> tuple[Shard, ...]:
        """Every Redis of the deployment, by its number; there is one."""
        return self.connections.shards

    @property
    def home(self) -> Shard:
        """The shard of what belongs to no job: sessions, plans, worker processes."""
        return self.shards[0]

    @property
    def redis(self) -> Redis:
        """The home shard's client, for tools that look at its data. Parts are given their shard."""
        return self.home.client

    @property
    def blocking_redis(self) -> Redis:
        """As `redis`, for commands that block."""
        return self.home.blocking

    @property
    def keys(self) -> Keys:
        """The keys of the home shard, for tools that look at its data."""
        return self.home.keys

    @cached_property
    def catalogue(self) -> JobTypeCatalogue:
        """Every job type of this deployment."""
        retry = RetryPolicy(self.settings.retry.delays, jitter=self.settings.retry.jitter)
        catalogue = load_catalogue(OWN_MODULES, self.settings.job_packages, retry)
        catalogue.published = self.broker.declarations
        use_configured(self.settings.middleware)
        return catalogue

    @cached_property
    def broker(self) -> RedisBroker | MemoryBroker:
        """Where jobs are: in Redis, or in this process alone, as ``redis_url`` says."""
        limits = self.settings.redis
        if is_memory(self.settings.redis_url):
            from backend.memory.broker import MemoryBroker

            # Its record is never behind.
            return MemoryBroker(self.clock, backlog_limit=limits.backlog_limit)
        return RedisBroker(
            self.home.client,
            self.home.blocking,
            self.home.keys,
            backlog_limit=limits.backlog_limit,
            stream_limit=limits.refused_at,
            lean_jobs=limits.lean_jobs,
            is_alone=not limits.beside_rq,
        )

    @cached_property
    def job_queue(self) -> JobQueue:
        """Where jobs are accepted."""
        return self.broker.queue

    @cached_property
    def intake_rules(self) -> IntakeRules:
        """What holds for jobs where neither they nor their types say otherwise."""
        return IntakeRules(self.settings.max_payload_bytes, self.settings.redis.result_ttl)

    @cached_property
    def intake(self) -> JobIntake:
        """What checks new jobs."""
        return JobIntake(
            self.catalogue,
            self.intake_rules,
            new_id=new_job_id,
            now=self.clock.now,
            within=current_job,
        )

    @cached_property
    def queue_parts(self) -> QueueParts:
        """What the door for callers stands on."""
        return QueueParts(self.job_queue, self.intake, self._outbox, self._caller_parts)

    @cached_property
    def queue_service(self) -> QueueService:
        """The door for callers."""
        return QueueService.of(self.queue_parts)

    def _caller_parts(self) -> CallerParts:
        from backend.bootstrap.caller_parts import PlatformCallerParts

        return PlatformCallerParts(self)

    def _outbox(self) -> OutboxService:
        if is_memory(self.settings.redis_url):
            from backend.services.events.outbox_service import OutboxService

            return OutboxService(self.memory_outbox, self.job_queue)
        from backend.bootstrap.record_parts import outbox_service

        return outbox_service(self)

    @cached_property
    def memory_outbox(self) -> MemoryOutbox:
        """Jobs that wait for a commit, where the queue is in memory."""
        from backend.memory.outbox import MemoryOutbox

        return MemoryOutbox(self.job_queue, self.clock.now)

    @cached_property
    def inspection(self) -> Inspection:
        """The read side of the live truth."""
        return self.broker.inspection

    @cached_property
    def operations(self) -> Operations:
        """What changes the live truth for people."""
        return self.broker.operations

    @cached_property
    def job_control(self) -> JobControl:
        """What people do to jobs and queues."""
        parts = (self.operations, self.inspection, self.job_queue, self.intake)
        return JobControl(*parts, self._note_control)

    @cached_property
    def freeze_service(self) -> FreezeService:
        """Maintenance windows."""
        from backend.services.schedules.freeze_service import FreezeService

        parts = (self.broker.freezes, self.catalogue, self.clock.now)
        return FreezeService(*parts, self._note_control)

    @cached_property
    def breaker_service(self) -> BreakerService:
        """The breakers of destinations."""
        return BreakerService(self.broker.breakers, self._note_control, self.catalogue)

    @cached_property
    def quota_service(self) -> QuotaService:
        """What tenants may use."""
        # Most processes never ask.
        from backend.services.access.quota_service import QuotaService

        return QuotaService(self.broker.quotas, self._note_control)

    def _note_control(self, name: str) -> None:
        if is_memory(self.settings.redis_url):
            # Nothing of it outlives this process.
            return
        from backend.bootstrap.record_parts import control_keeper

        control_keeper(self, self.history_engine).note(name)

    @cached_property
    def worker_service(self) -> WorkerService:
        """What people do to worker processes."""
        commands = self.home.part(RedisWorkerCommands)
        return WorkerService(
            self.inspection, commands, self.clock, lease=self.settings.worker.lease
        )

    def load_library(self) -> None:
        """Puts this release's functions into Redis. Who calls one finds it missing and does the same."""
        for shard in self.shards:
            load_library(shard.client)

    def refuse_others(self) -> None:
        """Raises `ForeignKeyspace` where RQ works under our prefix, and nobody said that it may."""
        if self.settings.redis.beside_rq or is_memory(self.settings.redis_url):
            return
        for shard in self.shards:
            refuse_others(Functions(shard.client, shard.root))

    def check_redis(self) -> None:
        """Raises `QueueUnavailable` unless Redis would let jobs start and end now; writes nothing."""
        for shard in self.shards:
            Functions(shard.client, shard.root).check()

    def check_takes_jobs(self) -> None:
        """The same, and raises `QueueFull` while its memory keeps new jobs out."""
        for shard in self.shards:
            Functions(shard.client, shard.root).check_takes_jobs()

    @cached_property
    def lease_book(self) -> LeaseBook:
        """All leases."""
        return self.broker.leases

    def leader(self, duty: str, holder: str) -> Leader:
        """This process's part in the election for a duty whose truth lies in Redis."""
        return Leader(
            self.broker.leadership,
            self.clock,
            duty=duty,
            holder=holder,
            lease=self.settings.scheduler.leader_lease,
        )

    def duty_leader(self, duty: str, holder: str, engine: Engine) -> Leader:
        """This process's part in the election for a duty whose truth lies in Postgres."""
        from backend.history.schedules.duty_leases import PostgresLeadership

        lease = self.settings.scheduler.leader_lease
        by_row: Leadership = PostgresLeadership(engine)
        if duty == "relay":
            # Relays of the last release go by the key, and each Redis refuses one with a lower fence of it.
            by_row = JointLeadership(by_row, self.broker.leadership)
        return Leader(by_row, self.clock, duty=duty, holder=holder, lease=lease)

    def rescuer(self) -> Rescuer:
        """The loop that gives back the jobs of vanished workers."""
        return Rescuer(
            self.lease_book,
            self.clock,
            grace=self.settings.scheduler.rescue_grace,
            lease_seconds=self.settings.worker.lease,
        )

    @cached_property
    def history_engine(self) -> Engine:
        """Connections to Postgres for those who answer somebody."""
        return self.connections.postgres()

    @cached_property
    def reading_engine(self) -> Engine:
        """Connections to the replica for search, statistics and exports, or to the record itself."""
        return self.connections.replica()

    @cached_property
    def history_reader(self) -> HistoryReader:
        """The record as it is looked into: beside a queue in memory, one in memory."""
        if is_memory(self.settings.redis_url):
            return cast("MemoryBroker", self.broker).record
        from backend.history.reading.history_store import PostgresHistoryStore

        return PostgresHistoryStore(self.history_engine)

    @cached_property
    def audit_trail(self) -> AuditTrail:
        """Where what is done is written down: beside a queue in memory, there."""
        if is_memory(self.settings.redis_url):
            return cast("MemoryBroker", self.broker).audit_trail
        from backend.bootstrap.record_parts import audit_service

        return audit_service(self)

    @cached_property
    def events(self) -> EventService:
        """Domain events and the jobs that follow from them."""
        from backend.bootstrap.record_parts import event_service

        return event_service(self)

    @cached_property
    def scheduler_parts(self) -> SchedulerParts:
        """Everything about schedules."""
        from backend.bootstrap.schedule_parts import scheduler_parts

        return scheduler_parts(self)

    def close(self) -> None:
        """Ends every connection of this process to the stores."""
        self.connections.close()

    def slots_of(self, lane: str) -> int:
        """How many slots a worker process of a lane has."""
        worker = self.settings.worker
        return worker.lane_concurrency.get(lane, worker.concurrency)

    def async_slots_of(self, lane: str) -> int:
        """How many async jobs a worker process of a lane runs at once."""
        worker = self.settings.worker
        return worker.lane_async_slots.get(lane, worker.async_slots)
