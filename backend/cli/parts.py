"""The services that commands speak to, each made when a command first needs it."""

from __future__ import annotations

import os
from functools import lru_cache

from backend.bootstrap import new_job_id, platform
from backend.broker.event_progress import RedisEventProgress
from backend.broker.ledger_repair import RedisLedgerRepair
from backend.broker.ledger_view import RedisLedgerView
from backend.history.api_key_store import PostgresApiKeyStore
from backend.history.audit_store import PostgresAuditStore
from backend.history.connection import connect as connect_history
from backend.history.history_store import HistoryStore
from backend.history.ledger_store import PostgresLedgerStore
from backend.history.seal_store import PostgresSealStore
from backend.history.statistics_store import StatisticsStore
from backend.history.upkeep_store import UpkeepStore
from backend.services.audit_service import AuditService
from backend.services.history_service import HistoryService
from backend.services.key_service import KeyService
from backend.services.ledger_look import SecondLook
from backend.services.ledger_mending import LedgerMender
from backend.services.ledger_service import LedgerService
from backend.services.preview_service import PreviewService
from backend.services.replay_service import ReplayService
from backend.services.scheduler_service import SchedulerService
from backend.services.search_service import SearchService
from backend.services.why_service import WhyService

#: Seconds that the recorder may take to catch up while the ledger looks.
_PATIENCE = 10.0


@lru_cache(maxsize=1)
def history_service() -> HistoryService:
    """The record of jobs."""
    parts = platform()
    engine = parts.history_engine
    return HistoryService(HistoryStore(engine), StatisticsStore(engine), parts.clock)


@lru_cache(maxsize=1)
def search_service() -> SearchService:
    """Both stores at once."""
    parts = platform()
    return SearchService(parts.job_queue, parts.inspection, history_service())


@lru_cache(maxsize=1)
def why_service() -> WhyService:
    """Explains what keeps a job."""
    parts = platform()
    return WhyService(parts.inspection, parts.clock.now)


@lru_cache(maxsize=1)
def key_service() -> KeyService:
    """The API keys."""
    store = PostgresApiKeyStore(platform().history_engine)
    return KeyService(store, platform().clock, new_id=new_job_id, randomness=os.urandom)


@lru_cache(maxsize=1)
def upkeep() -> UpkeepStore:
    """What deletes old history."""
    return UpkeepStore(platform().history_engine)


@lru_cache(maxsize=1)
def scheduler_service() -> SchedulerService:
    """The schedules."""
    return SchedulerService(platform().scheduler_parts)


@lru_cache(maxsize=1)
def audit_service() -> AuditService:
    """The audit log."""
    engine = platform().history_engine
    return AuditService(PostgresAuditStore(engine), PostgresSealStore(engine), platform().clock)


@lru_cache(maxsize=1)
def replay_service() -> ReplayService:
    """Runs old jobs again."""
    parts = platform()
    return ReplayService(HistoryStore(parts.history_engine), parts.job_queue, parts.intake)


@lru_cache(maxsize=1)
def preview_service() -> PreviewService:
    """Says what would happen."""
    parts = platform()
    return PreviewService(
        parts.intake, parts.inspection, parts.job_queue, new_id=new_job_id, now=parts.clock.now
    )


@lru_cache(maxsize=1)
def ledger_service() -> LedgerService:
    """The ledger. Its statements may take longer than those of services that answer somebody."""
    parts = platform()
    engine = connect_history(parts.settings.database_url, name="tally-ledger", statement_timeout=0)
    view = RedisLedgerView(parts.redis, parts.keys)
    repair = RedisLedgerRepair(parts.redis, parts.keys)
    store, lease = PostgresLedgerStore(engine), parts.settings.worker.lease
    progress = RedisEventProgress(parts.redis, parts.keys)
    mender = LedgerMender(view, repair, store, parts.catalogue, now=parts.clock.now, lease=lease)
    return LedgerService(
        view,
        repair,
        store,
        look=SecondLook(view, store, progress, patience=_PATIENCE),
        mender=mender,
        now=parts.clock.now,
    )
