"""Both stores with everything that keeps the books: outbox, relay, events, callbacks, audit, ledger."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from redis import Redis
from sqlalchemy import Engine, text

from backend.broker.events.event_progress import RedisEventProgress
from backend.broker.events.relay_target import RedisRelayTarget
from backend.broker.jobs.gates.breakers import RedisBreakers
from backend.broker.jobs.gates.fair_queues import RedisFairQueues
from backend.broker.jobs.gates.quotas import RedisQuotas
from backend.broker.jobs.inspection import RedisInspection
from backend.broker.jobs.job_queue import RedisJobQueue
from backend.broker.keys import Keys
from backend.broker.ledger.event_floor import RedisEventFloor
from backend.broker.ledger.ledger_repair import RedisLedgerRepair
from backend.broker.ledger.ledger_view import RedisLedgerView
from backend.broker.ledger.redis_controls import RedisControls
from backend.broker.schedules.leadership import RedisLeadership
from backend.broker.schedules.redis_freezes import RedisFreezes
from backend.broker.server.connection import connect_blocking
from backend.domain.events.subscription import Subscription, SubscriptionTable
from backend.domain.jobs.attempts.retry_policy import RetryPolicy
from backend.domain.jobs.job_id import uuid7
from backend.domain.jobs.job_type import JobType, JobTypeCatalogue
from backend.history.audit.audit_store import PostgresAuditStore
from backend.history.audit.seal_store import PostgresSealStore
from backend.history.ledger.control_book import PostgresControlBook
from backend.history.ledger.epoch_book import PostgresEpochBook
from backend.history.ledger.ledger_store import PostgresLedgerStore
from backend.history.outbox.callback_store import PostgresCallbackStore
from backend.history.outbox.event_record_store import PostgresEventRecordStore
from backend.history.outbox.notify_listener import PostgresNotifyListener
from backend.history.outbox.outbox_store import PostgresOutbox
from backend.history.outbox.relay_store import PostgresRelayStore
from backend.history.reading.history_store import PostgresHistoryStore
from backend.history.schedules.duty_leases import PostgresLeadership
from backend.loops.callbacks import Callbacks
from backend.loops.joint_leadership import JointLeadership
from backend.loops.leader import Leader
from backend.loops.relay import Relay
from backend.services.access.audit_service import AuditService
from backend.services.events.callback_service import CallbackService
from backend.services.events.event_service import EventService
from backend.services.events.outbox_service import OutboxService
from backend.services.finding.start_forecast import StartForecast
from backend.services.finding.why_service import WhyService
from backend.services.jobs.job_intake import IntakeRules, JobIntake
from backend.services.jobs.preview_service import PreviewService
from backend.services.jobs.rehearsals import Rehearsals
from backend.services.jobs.replay_service import ReplayService
from backend.services.ledger.control_keeper import ControlKeeper
from backend.services.ledger.epoch_keeper import EpochKeeper
from backend.services.ledger.ledger_look import SecondLook
from backend.services.ledger.ledger_mending import LedgerMender
from backend.services.ledger.ledger_service import LedgerService
from backend.services.schedules.freeze_planner import FreezePlanner
from backend.telemetry.clock import SystemClock
from tests.eventually import eventually
from tests.integration.broker.bench import Bench
from tests.integration.history.chronicle import Chronicle

_numbers = itertools.count(1)


class Greeting(BaseModel):
    """The payload of `greet`."""

    name: str


class Hook(BaseModel):
    """The payload of `send_webhook`, as far as these tests look."""

    url: str
    body: Any = None
    secret: str | None = None


def _handler(*_: Any) -> None:
    """Nothing is run in these tests."""


CATALOGUE = JobTypeCatalogue(
    [
        JobType("greet", _handler, payload=Greeting, retry=RetryPolicy((60.0, 300.0, 900.0))),
        JobType("count", _handler, lane="report", version=3),
        JobType("send_webhook", _handler, lane="webhook", payload=Hook),
    ]
)
SUBSCRIPTIONS = SubscriptionTable(
    [
        Subscription("user.registered", "greet", "greet", "high", {"name": "$.user.name"}),
        Subscription("user.registered", "count", "count", options={"tags": ["new"]}),
    ]
)


def new_id() -> str:
    """A fresh UUIDv7."""
    return uuid7(time.time_ns() // 1_000_000, os.urandom(10))


class Bureau:
    """The parts, made to order on one Redis and one database."""

    def __init__(self, redis: Redis, redis_url: str, engine: Engine) -> None:
        self.redis = redis
        self.engine = engine
        self.keys = Keys("rq")
        self.clock = SystemClock()
        self.chronicle = Chronicle(redis, redis_url, engine)
        self.bench = Bench(redis, self.keys)
        self.rules = IntakeRules(max_payload_bytes=4096, result_ttl=1800)
        self.intake = JobIntake(CATALOGUE, self.rules, new_id=new_id, now=self.clock.now)
        self.queue = RedisJobQueue(redis, connect_blocking(redis_url), self.keys)
        self.inspection = RedisInspection(redis, self.keys)
        self.progress = RedisEventProgress(redis, self.keys)
        self.floor = RedisEventFloor(redis, self.keys)
        self.outbox = PostgresOutbox(engine, self.clock.now)
        self.outbox_service = OutboxService(self.outbox, self.queue)
        self.events = PostgresEventRecordStore(engine, self.clock.now)
        self.event_service = EventService(self.events, self.intake, SUBSCRIPTIONS, new_id=new_id)

        self.rehearsals = Rehearsals(self.events, self.outbox, self.intake, new_id=new_id)
        self.previews = self.previews_of(self.intake)
        history = PostgresHistoryStore(engine)
        self.replays = ReplayService(history, self.queue, self.intake, self.inspection)
        self.callback_service = CallbackService(self.intake, secret="main")
        self.book = PostgresControlBook(engine)
        self.audit_store = PostgresAuditStore(engine)
        self.seals = PostgresSealStore(engine)
        self.audit = AuditService(self.audit_store, self.seals, self.clock)

    def previews_of(
        self,
        intake: JobIntake,
        inspection: RedisInspection | None = None,
        now: Callable[[], datetime] | None = None,
    ) -> PreviewService:
        """What looks at jobs of some types."""
        look, clock = inspection or self.inspection, now or self.clock.now
        breakers = RedisBreakers(self.redis, self.keys)
        fair = RedisFairQueues(self.redis, self.keys)
        quotas = RedisQuotas(self.redis, self.keys)
        why = WhyService(look, breakers, fair, quotas, clock)
        forecast = StartForecast(why, look, fair, quotas, clock)
        return PreviewService(intake, look, self.queue, forecast=forecast, new_id=new_id, now=clock)

    def ledger(self, *, patience: float = 5.0) -> LedgerService:
        """The ledger on these stores."""
        view = RedisLedgerView(self.redis, self.keys)
        repair = RedisLedgerRepair(self.redis, self.keys)
        store = PostgresLedgerStore(self.engine)
        return LedgerService(
            view,
            repair,
            store,
            look=SecondLook(view, store, self.progress, patience=patience),
            mender=LedgerMender(
                view,
                repair,
                store,
                CATALOGUE,
                now=self.clock.now,
                lease=90.0,
                rules=self.rules,
            ),
            controls=self.keeper(),
            freezes=FreezePlanner(RedisFreezes(self.redis, self.keys), self.clock.now),
            epochs=self.epochs(),
            quotas=RedisQuotas(self.redis, self.keys),
            now=self.clock.now,
        )

    def keeper(self, engine: Engine | None = None) -> ControlKeeper:
        """What keeps operators' words the same in both stores."""
        live = RedisControls(self.redis, self.keys, CATALOGUE.lanes())
        return ControlKeeper(live, PostgresControlBook(engine or self.engine))

    def epochs(self) -> EpochKeeper:
        """What sees when another server took over."""
        return EpochKeeper(self.floor, PostgresEpochBook(self.engine, 0))

    def callbacks(self) -> Callbacks:
        """The loop that turns ends into webhook jobs."""
        return Callbacks(
            PostgresCallbackStore(self.engine, self.clock.now),
            self.callback_service.decide,
            PostgresNotifyListener(self.engine, "listen_to_callbacks"),
            self.clock,
        )

    def job(self, job_type: str = "greet", **options: Any) -> Any:
        """A checked job."""
        payload = options.pop("payload", {"name": "Ada"})
        return self.intake.check(job_type, payload, options.pop("priority", None), options)

    def relay(self, *, batch: int = 100, store: Any = None, gate: Any = None) -> Relay:
        """A relay of its own, with a lead that it must win first."""
        holder = f"relay-{next(_numbers)}"
        return Relay(
            store or PostgresRelayStore(self.engine),
            gate or RedisRelayTarget(self.redis, self.keys),
            self.progress,
            leader=Leader(
                JointLeadership(
                    PostgresLeadership(self.engine), RedisLeadership(self.redis, self.keys)
                ),
                self.clock,
                duty="relay",
                holder=holder,
                lease=600.0,
            ),
            notify_listener=PostgresNotifyListener(self.engine, "listen_to_outbox"),
            clock=self.clock,
            batch=batch,
        )

    def depose(self) -> None:
        """Lets another relay lead at once, as if the lease of the last had ended."""
        self.redis.delete(self.keys.leader("relay"))
        with self.engine.begin() as connection:
            connection.execute(text("UPDATE duty_leases SET ends_at = clock_timestamp()"))

    def relay_all(self) -> None:
        """Empties the outbox."""
        relay = self.relay()
        while relay.run_once() == 0.0:
            continue
        relay.run_once()
        self.depose()

    def record(self) -> int:
        """Records what has happened until now."""
        return self.chronicle.record()

    def run_all(self, result: str = '"done"') -> list[str]:
        """Claims and finishes what waits; the ids, in order. Who leaves no result is gone then."""
        queues = tuple(self.inspection.queue_names())
        done: list[str] = []
        while claimed := self.bench.claim(50, queues):
            for job in claimed:
                self.bench.settle(job, "finished", body=result)
                has_key = self.bench.field(job.id, "unique_until")
                if self.bench.field(job.id, "result_ttl") == "0" and not has_key:
                    # As it does ten seconds later.
                    self.redis.delete(self.keys.job(job.id))
            done += [job.id for job in claimed]
        return done

    def forget_finished(self) -> None:
        """Time passes: finished jobs leave Redis."""
        for key in self.redis.scan_iter(f"{self.keys.root}:job:*"):
            if self.redis.hget(key, "status") == b"finished":
                self.redis.delete(key)

    def rows(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        """What a query finds."""
        return self.chronicle.rows(sql, **values)

    def change(self, sql: str, **values: Any) -> int:
        """What a foreign hand may do: SQL past every guard; how many rows it touched."""
        with self.engine.begin() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            return connection.execute(text(sql), values).rowcount

    def eventually(self, fact: Callable[[], Any], seconds: float = 10.0) -> Any:
        """Waits until a fact holds and returns it."""
        found: list[Any] = []

        def holds() -> bool:
            found[:] = [fact()]
            return bool(found[0])

        eventually(holds, timeout=seconds)
        return found[0]

    def enqueue(self, *jobs: Any) -> list[str]:
        """Accepts jobs in Redis."""
        self.queue.enqueue(jobs)
        return [job.id for job in jobs]

    def ids(self, rows: Sequence[dict[str, Any]]) -> list[str]:
        """The job ids in rows."""
        return [row["job_id"] for row in rows]
