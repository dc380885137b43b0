"""The record as people look into it, wired once for Python, HTTP, pages and command line."""

from __future__ import annotations

from backend.api.config.store_urls import is_memory
from backend.bootstrap.platform import Platform
from backend.history.reading.history_store import PostgresHistoryStore
from backend.history.reading.statistics_store import PostgresStatisticsStore
from backend.services.finding.history_service import HistoryService


def history_service(parts: Platform) -> HistoryService:
    """Pages, counts and statistics come from the replica, if there is one; one job does not.

    Whoever acts on what is found looks into the record itself: see `PlatformActions.ownership`.
    """
    replica = parts.reading_engine
    reader = (
        parts.history_reader
        if is_memory(parts.settings.redis_url)
        else PostgresHistoryStore(parts.history_engine, replica)
    )
    return HistoryService(reader, PostgresStatisticsStore(replica), parts.clock)
