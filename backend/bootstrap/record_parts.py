"""The recorder process: everything that keeps the record, and the schema it writes to."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine

from backend.bootstrap.platform import Platform, new_job_id
from backend.broker.events.event_progress import RedisEventProgress
from backend.broker.events.event_stream import RedisEventStream
from backend.broker.events.relay_target import RedisRelayTarget
from backend.broker.jobs.gates.quotas import RedisQuotas
from backend.broker.ledger.event_floor import RedisEventFloor
from backend.broker.ledger.ledger_repair import RedisLedgerRepair
from backend.broker.ledger.ledger_view import RedisLedgerView
from backend.broker.ledger.redis_controls import RedisControls
from backend.broker.schedules.redis_freezes import RedisFreezes
from backend.broker.shard import Shard
from backend.domain.history.history_retention import RetentionPolicy
from backend.history.audit.anchor_file import AnchorFile
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
from backend.history.recording.record_writer import PostgresRecordWriter
from backend.history.schema.migration_steps import MigrationProgress, log_progress
from backend.history.schema.migrator import Migrator
from backend.history.schema.upkeep_store import PostgresUpkeepStore
from backend.history.server import connection as history
from backend.loops.callbacks import Callbacks
from backend.loops.loop import Loop
from backend.loops.pruner import Pruner
from backend.loops.recorder import Recorder
from backend.loops.relay import Relay
from backend.loops.sealer import Sealer
from backend.services.access.audit_service import AuditService
from backend.services.events.callback_service import CallbackService
from backend.services.events.event_service import EventService
from backend.services.events.outbox_service import OutboxService
from backend.services.ledger.control_keeper import ControlKeeper
from backend.services.ledger.epoch_keeper import EpochKeeper
from backend.services.ledger.ledger_look import SecondLook
from backend.services.ledger.ledger_mending import LedgerMender
from backend.services.ledger.ledger_service import LedgerService
from backend.services.schedules.freeze_planner import FreezePlanner

#: Each loop of the recorder process works in a thread of its own, and most hold one connection.
_CONNECTIONS = 10


def migrator(parts: Platform, tell: Callable[[MigrationProgress], None] = log_progress) -> Migrator:
    """Brings the schema up to date; ``tell`` hears how far a long migration has come."""
    return Migrator(parts.connections.postgres("tally-migrate"), tell=tell)


def event_stream(parts: Platform, consumer: str, shard: Shard | None = None) -> RedisEventStream:
    """The event stream of a shard, the home shard if none is named, as one consumer reads it."""
    at = shard or parts.home
    return RedisEventStream(
        at.connector.client(f"tally-{consumer}", timeout_seconds=10.0),
        at.connector.blocking(f"tally-{consumer}-waiting"),
        at.keys,
        consumer=consumer,
    )


def outbox_service(parts: Platform) -> OutboxService:
    """Accepts jobs by way of Postgres, in the caller's own transaction if there is one."""
    return OutboxService(PostgresOutbox(parts.history_engine, parts.clock.now), parts.job_queue)


def control_keeper(parts: Platform, engine: Engine, shard: Shard | None = None) -> ControlKeeper:
    """Keeps what operators said the same on record and in a shard, the home shard if none is named."""
    at = shard or parts.home
    live = RedisControls(at.client, at.keys, parts.catalogue.own_lanes())
    return ControlKeeper(live, PostgresControlBook(engine))


def epoch_keeper(
    shard: Shard, engine: Engine, reconcile: Callable[[int], object] = lambda _epoch: None
) -> EpochKeeper:
    """Sees when another server took over a shard, and keeps its events above all on record."""
    book = PostgresEpochBook(engine, shard.number)
    return EpochKeeper(shard.part(RedisEventFloor), book, reconcile)


def ledger_service(parts: Platform) -> LedgerService:
    """Compares the two stores, names what does not fit, and mends what can be."""
    client = parts.home.connector.client("tally-ledger", timeout_seconds=10.0)
    engine = parts.connections.postgres("tally-ledger", statement_timeout=history.WORKING)
    view, repair = (
        RedisLedgerView(client, parts.home.keys),
        RedisLedgerRepair(client, parts.home.keys),
    )
    store = PostgresLedgerStore(engine)
    lease, patience = parts.settings.worker.lease, parts.settings.ledger.patience
    return LedgerService(
        view,
        repair,
        store,
        look=SecondLook(
            view, store, RedisEventProgress(client, parts.home.keys), patience=patience
        ),
        mender=LedgerMender(
            view,
            repair,
            store,
            parts.catalogue,
            now=parts.clock.now,
            lease=lease,
            rules=parts.intake_rules,
        ),
        controls=control_keeper(parts, engine),
        freezes=FreezePlanner(parts.home.part(RedisFreezes), parts.clock.now),
        epochs=epoch_keeper(parts.home, engine),
        quotas=RedisQuotas(client, parts.home.keys),
        now=parts.clock.now,
    )


def recorder_loops(parts: Platform, consumer: str) -> list[Loop]:
    """What the recorder process does by the clock."""
    engine = parts.connections.postgres(
        "tally-recorder", statement_timeout=history.WORKING, connections=_CONNECTIONS
    )
    recorder = Recorder(
        event_stream(parts, consumer),
        PostgresRecordWriter(engine),
        parts.clock,
        batch=parts.settings.history.batch,
    )
    return [
        recorder,
        _relay(parts, engine, consumer),
        _callbacks(parts, engine),
        _sealer(parts, engine, consumer),
        pruner(parts, engine),
    ]


def _relay(parts: Platform, engine: Engine, consumer: str) -> Relay:
    limits, outbox = parts.settings.redis, parts.settings.outbox
    return Relay(
        PostgresRelayStore(engine),
        RedisRelayTarget(
            parts.home.client,
            parts.home.keys,
            backlog_limit=limits.backlog_limit,
            stream_limit=limits.refused_at,
            lean_jobs=limits.lean_jobs,
        ),
        parts.home.part(RedisEventProgress),
        leader=parts.duty_leader("relay", consumer, engine),
        notify_listener=PostgresNotifyListener(engine, "listen_to_outbox"),
        clock=parts.clock,
        batch=outbox.batch,
        keep_sent=outbox.keep_hours * 3600,
    )


def _callbacks(parts: Platform, engine: Engine) -> Callbacks:
    return Callbacks(
        PostgresCallbackStore(engine, parts.clock.now),
        CallbackService(parts.intake, secret=parts.settings.callbacks.secret or None).decide,
        PostgresNotifyListener(engine, "listen_to_callbacks"),
        parts.clock,
    )


def _sealer(parts: Platform, engine: Engine, consumer: str) -> Sealer:
    return Sealer(
        PostgresSealStore(engine),
        PostgresAuditStore(engine),
        parts.home.part(RedisEventProgress),
        parts.clock,
        leader=parts.duty_leader("seals", consumer, engine),
        anchor=anchor_file(parts),
    )


def anchor_file(parts: Platform) -> AnchorFile | None:
    """Where the heads of the audit chains are noted outside of the database."""
    path = parts.settings.history.anchor_file
    return AnchorFile(path) if path else None


def audit_service(parts: Platform) -> AuditService:
    """The audit log."""
    # To verify a stretch of events takes as long as to seal it.
    verifying = parts.connections.postgres(
        "tally-verify", statement_timeout=history.WORKING, connections=2
    )
    return AuditService(
        PostgresAuditStore(parts.history_engine),
        PostgresSealStore(verifying),
        parts.clock,
        anchor_file(parts),
        _retention(parts),
    )


def event_service(parts: Platform) -> EventService:
    """Domain events and the jobs that follow from them. Raises `ConfigurationError` for bad ones."""
    service = EventService(
        PostgresEventRecordStore(parts.history_engine, parts.clock.now),
        parts.intake,
        parts.settings.events.table(),
        new_id=new_job_id,
    )
    service.check_subscriptions()
    return service


def pruner(parts: Platform, engine: Engine) -> Pruner:
    """Drops what has outlived its retention, and makes room for the months to come."""
    return Pruner(PostgresUpkeepStore(engine), parts.clock, _retention(parts))


def _retention(parts: Platform) -> RetentionPolicy:
    settings = parts.settings.history
    return RetentionPolicy(settings.finished_days, settings.failed_days, settings.days_by_type)
