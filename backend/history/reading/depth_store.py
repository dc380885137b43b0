"""What waited in each queue, minute by minute, in Postgres."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Engine

from backend.domain.history.queue_depth import ALL_QUEUES, QueueDepth
from backend.history.server.connection import translated
from backend.history.server.database_clock import database_now
from backend.history.statements import statement


class PostgresDepthStore:
    """The `DepthBook` and the `DepthReader`. Safe for several threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def now(self) -> datetime:
        """The time by the record's own clock."""
        return database_now(self._engine)

    def add(self, samples: Sequence[QueueDepth]) -> int:
        """Keeps samples; who was first in a minute has the say. How many were new."""
        values = {
            "at": [each.at for each in samples],
            "queue": [each.queue for each in samples],
            "waiting": [each.waiting for each in samples],
            "oldest_wait_ms": [round(each.oldest_wait * 1000) for each in samples],
        }
        with translated(), self._engine.begin() as connection:
            return connection.execute(statement("add_depths"), values).rowcount

    def prune(self, before: datetime) -> int:
        """Deletes samples older than an instant; how many."""
        with translated(), self._engine.begin() as connection:
            return connection.execute(statement("prune_depths"), {"before": before}).rowcount

    def by_slice(
        self, since: datetime, until: datetime, seconds: int, queue: str = ALL_QUEUES
    ) -> list[QueueDepth]:
        """The most of each stretch of so many seconds that was sampled, the oldest first."""
        values = {"since": since, "until": until, "seconds": seconds, "queue": queue}
        with translated(), self._engine.connect() as connection:
            rows = connection.execute(statement("depths_by_slice"), values).all()
        return [QueueDepth(row.at, queue, row.waiting, row.oldest_wait_ms / 1000) for row in rows]

    def waiting_at(self, at: datetime) -> dict[str, int] | None:
        """Jobs by queue in the last sample of the three minutes to ``at``; None when there is none."""
        with translated(), self._engine.connect() as connection:
            rows = connection.execute(statement("depths_at"), {"at": at}).all()
        return {row.queue: row.waiting for row in rows} or None
