"""The only place that wires concrete parts together. Everything is built from settings, on demand."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from functools import cached_property, lru_cache

from redis import Redis
from sqlalchemy import Engine

from backend.api.config.settings import Settings, default_settings
from backend.broker import library
from backend.broker.command_channel import RedisCommandChannel
from backend.broker.connection import connect, connect_blocking, translated
from backend.broker.dispatch import RedisDispatch
from backend.broker.event_stream import RedisEventStream
from backend.broker.inspection import RedisInspection
from backend.broker.job_queue import RedisJobQueue
from backend.broker.keys import Keys
from backend.broker.leadership import RedisLeadership
from backend.broker.lease_book import RedisLeaseBook
from backend.broker.operations import RedisOperations
from backend.broker.progress_notes import RedisProgressNotes
from backend.broker.timetable import RedisTimetable
from backend.broker.wake_calls import RedisWakeCalls
from backend.broker.worker_presence import WorkerPresence
from backend.domain.job_id import uuid7
from backend.domain.job_type import Isolation, JobType, JobTypeCatalogue
from backend.domain.queue_name import queues_of
from backend.domain.retry_policy import RetryPolicy
from backend.history import connection as history
from backend.history.migrator import Migrator
from backend.history.record_writer import RecordWriter
from backend.loops.leader import Leader
from backend.loops.loop import Loop
from backend.loops.promoter import Promoter
from backend.loops.recorder import Recorder
from backend.loops.rescuer import Rescuer
from backend.services.job_control import JobControl
from backend.services.job_intake import IntakeRules, JobIntake
from backend.services.queue_service import QueueService
from backend.telemetry.clock import SystemClock
from workers.base_worker import BaseWorker
from workers.registry import load_catalogue
from workers.runtime import attempt
from workers.runtime.child_runner import ChildPool, ChildRunner
from workers.runtime.claim_order import ClaimOrder
from workers.runtime.crew import Crew, no_tally
from workers.runtime.flight_board import FlightBoard
from workers.runtime.job_contexts import context_maker
from workers.runtime.runner import Runner
from workers.runtime.supervisor import Supervisor
from workers.runtime.thread_runner import ThreadRunner
from workers.runtime.worker_process import WorkerProcess

#: Slots of one process share so many connections: while one carries, others gather for the next.
_DISPATCHES = 2


def new_job_id() -> str:
    """A fresh UUIDv7."""
    return uuid7(time.time_ns() // 1_000_000, os.urandom(10))


class Platform:
    """Every part of one deployment, made when it is first asked for."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.keys = Keys(settings.redis.prefix)
        self.clock = SystemClock()

    @cached_property
    def redis(self) -> Redis:
        """The client for short commands."""
        return connect(self.settings.redis_url)

    @cached_property
    def blocking_redis(self) -> Redis:
        """The client for commands that block."""
        return connect_blocking(self.settings.redis_url)

    @cached_property
    def catalogue(self) -> JobTypeCatalogue:
        """Every job type of this deployment."""
        retry = RetryPolicy(self.settings.retry.delays, jitter=self.settings.retry.jitter)
        return load_catalogue(self.settings.job_packages, retry)

    @cached_property
    def job_queue(self) -> RedisJobQueue:
        """Where jobs are accepted."""
        limits = self.settings.redis
        return RedisJobQueue(
            self.redis,
            self.blocking_redis,
            self.keys,
            backlog_limit=limits.backlog_limit,
            stream_limit=limits.stream_limit,
        )

    @cached_property
    def intake(self) -> JobIntake:
        """What checks new jobs."""
        rules = IntakeRules(self.settings.max_payload_bytes, self.settings.redis.result_ttl)
        return JobIntake(self.catalogue, rules, new_id=new_job_id, now=self.clock.now)

    @cached_property
    def queue_service(self) -> QueueService:
        """The door for callers."""
        return QueueService(self.job_queue, self.intake)

    @cached_property
    def inspection(self) -> RedisInspection:
        """The read side of the live truth."""
        return RedisInspection(self.redis, self.keys)

    @cached_property
    def job_control(self) -> JobControl:
        """What people do to jobs and queues."""
        operations = RedisOperations(self.redis, self.keys)
        return JobControl(operations, self.inspection, self.job_queue, self.intake)

    def load_library(self) -> None:
        """Puts this release's functions into Redis."""
        with translated():
            library.load(self.redis)

    @cached_property
    def lease_book(self) -> RedisLeaseBook:
        """All leases."""
        return RedisLeaseBook(self.redis, self.keys)

    def leader(self, duty: str, holder: str) -> Leader:
        """This process's part in the election for a duty."""
        return Leader(
            RedisLeadership(self.redis, self.keys),
            self.clock,
            duty=duty,
            holder=holder,
            lease=self.settings.scheduler.leader_lease,
        )

    def promoter(self, holder: str) -> Promoter:
        """The loop that moves due jobs to their queues."""
        timetable = RedisTimetable(self.redis, connect_blocking(self.settings.redis_url), self.keys)
        batch = self.settings.scheduler.promote_batch
        return Promoter(timetable, self.leader("scheduler", holder), batch=batch)

    def rescuer(self) -> Rescuer:
        """The loop that gives back the jobs of vanished workers."""
        return Rescuer(self.lease_book, self.clock, grace=self.settings.scheduler.rescue_grace)

    def scheduler_loops(self, holder: str) -> list[Loop]:
        """What the scheduler process does by the clock."""
        return [self.promoter(holder), self.rescuer()]

    @cached_property
    def history_engine(self) -> Engine:
        """Connections to Postgres for those who answer somebody."""
        return history.connect(self.settings.database_url)

    def migrator(self) -> Migrator:
        """Brings the schema up to date."""
        return Migrator(history.connect(self.settings.database_url, name="tally-migrate"))

    def recorder_loops(self, consumer: str) -> list[Loop]:
        """What the recorder process does by the clock."""
        url = self.settings.database_url
        engine = history.connect(
            url, name="tally-recorder", statement_timeout=history.WORKING, connections=2
        )
        stream = RedisEventStream(
            connect(self.settings.redis_url, name="tally-recorder", command_timeout=10.0),
            connect_blocking(self.settings.redis_url),
            self.keys,
            consumer=consumer,
        )
        batch = self.settings.history.batch
        return [Recorder(stream, RecordWriter(engine), self.clock, batch=batch)]

    def slots_of(self, lane: str) -> int:
        """How many slots a worker process of a lane has."""
        worker = self.settings.worker
        return worker.lane_concurrency.get(lane, worker.concurrency)

    def supervisor(
        self, lanes: Sequence[str], processes: int | None, slots: int | None
    ) -> Supervisor:
        """Keeps the worker processes of some lanes alive on this host."""
        worker = self.settings.worker
        return Supervisor(
            self.lease_book,
            processes=dict.fromkeys(lanes, processes or worker.processes),
            slots=lambda lane: slots or self.slots_of(lane),
            lease=worker.lease,
            grace=worker.grace,
            memory_limit_mb=worker.memory_limit_mb,
        )

    def worker_process(
        self, *, name: str, lanes: Sequence[str], slots: int, board: FlightBoard
    ) -> WorkerProcess:
        """One worker process, ready to run."""
        settings, keys = self.settings.worker, self.keys
        workers = self._workers(lanes)
        children = ChildPool(
            {
                "memory_mb": settings.child_memory_limit_mb,
                "cpu_seconds": settings.child_cpu_seconds,
                "file_mb": settings.child_file_mb,
            }
        )
        presence = WorkerPresence(
            self.redis,
            keys,
            name=name,
            lane=",".join(lanes),
            queues=[str(queue) for queue in queues_of(list(lanes))],
            slots=slots,
            lifetime=settings.lease,
        )
        return WorkerProcess(
            self._crew(name, lanes, slots=slots, board=board, workers=workers, children=children),
            slots=slots,
            workers=list(workers.values()),
            channel=RedisCommandChannel(self.blocking_redis, keys, name),
            book=self.lease_book,
            renewal=RedisLeaseBook(connect(self.settings.redis_url, name=f"{name}-heart"), keys),
            presence=presence,
            heartbeat=settings.heartbeat,
            lease=settings.lease,
            grace=settings.grace,
            recycle_jobs=settings.recycle_jobs,
            closables=[children],
        )

    def _crew(
        self,
        name: str,
        lanes: Sequence[str],
        *,
        slots: int,
        board: FlightBoard,
        workers: dict[type[BaseWorker], BaseWorker],
        children: ChildPool,
    ) -> Crew:
        settings = self.settings.worker
        return Crew(
            worker=name,
            dispatches=[
                RedisDispatch(self.redis, self.keys, worker=name, lanes=lanes, lease=settings.lease)
                for _ in range(min(slots, _DISPATCHES))
            ],
            order=ClaimOrder(lanes, settings.weights),
            calls=RedisWakeCalls(self.redis, self.blocking_redis, self.keys, lanes, worker=name),
            runners={kind.name: _runner(kind, workers, children, name) for kind in self.catalogue},
            alone={k.name: ChildRunner(children, k.grace, name) for k in self.catalogue},
            board=board,
            make_context=context_maker(name, RedisProgressNotes(self.redis, self.keys)),
            batch_seconds=settings.batch_seconds,
            batch_limit=settings.batch_limit,
            tally=no_tally,
        )

    def _workers(self, lanes: Sequence[str]) -> dict[type[BaseWorker], BaseWorker]:
        """One instance of each worker class whose job types run in threads of these lanes."""
        classes = {
            kind.worker
            for kind in self.catalogue
            if kind.worker and kind.lane in lanes and kind.isolation is Isolation.THREAD
        }
        return {worker: worker(self.settings) for worker in classes}


def _runner(
    kind: JobType, workers: dict[type[BaseWorker], BaseWorker], children: ChildPool, name: str
) -> Runner:
    if kind.isolation is Isolation.PROCESS or (kind.worker and kind.worker not in workers):
        return ChildRunner(children, kind.grace, name)
    worker = workers[kind.worker] if kind.worker else None
    return ThreadRunner(attempt.prepare(kind, worker))


@lru_cache(maxsize=1)
def platform() -> Platform:
    """The platform of this process's settings."""
    return Platform(default_settings())


def queue_parts() -> tuple[RedisJobQueue, JobIntake]:
    """What `QueueService()` needs."""
    return platform().job_queue, platform().intake
