"""The services that commands speak to, from the wired platform; says so when a build lacks one."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any

from backend.bootstrap import new_job_id, platform
from backend.domain.errors import ConfigurationError
from backend.history.api_key_store import PostgresApiKeyStore
from backend.history.audit_store import PostgresAuditStore
from backend.history.history_store import HistoryStore
from backend.history.seal_store import PostgresSealStore
from backend.history.statistics_store import StatisticsStore
from backend.history.upkeep_store import UpkeepStore
from backend.services.audit_service import AuditService
from backend.services.history_service import HistoryService
from backend.services.key_service import KeyService
from backend.services.preview_service import PreviewService
from backend.services.replay_service import ReplayService
from backend.services.scheduler_service import SchedulerService
from backend.services.search_service import SearchService
from backend.services.why_service import WhyService


def part(name: str) -> Any:
    """A service of the platform by its name in `backend.bootstrap`."""
    found = getattr(platform(), name, None)
    if found is None:
        raise ConfigurationError(f"this build of Tally has no {name.replace('_', ' ')}")
    return found


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
