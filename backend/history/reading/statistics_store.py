"""Sums over many attempts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, Row

from backend.domain.history.history_statistics import (
    FailureGroup,
    HourStatistics,
    QueueStatistics,
    TimeWindow,
    TypeStatistics,
)
from backend.history.reading.statistics_rows import counts, failure_group, run, wait
from backend.history.server.connection import translated
from backend.history.statements import statement


class PostgresStatisticsStore:
    """The `StatisticsReader` in Postgres: what is not summed up yet is summed up on the way."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def by_hour(
        self, window: TimeWindow, job_type: str = "", queue: str = ""
    ) -> list[HourStatistics]:
        """One entry for each hour in which anything ended, of a job type, a queue or ('') of all."""
        rows = self._rows("statistics_by_hour", window, job_type=job_type, queue=queue)
        return [HourStatistics(row.hour, counts(row), wait(row), run(row)) for row in rows]

    def by_type(self, window: TimeWindow) -> list[TypeStatistics]:
        """One entry for each job type of which anything ended, the busiest first."""
        rows = self._rows("statistics_by_type", window)
        return [TypeStatistics(row.job_type, counts(row), wait(row), run(row)) for row in rows]

    def by_queue(self, window: TimeWindow) -> list[QueueStatistics]:
        """One entry for each queue of which anything ended."""
        rows = self._rows("statistics_by_queue", window)
        return [QueueStatistics(row.queue, counts(row), wait(row), run(row)) for row in rows]

    def failures(
        self, window: TimeWindow, job_type: str = "", queue: str = "", most: int = 50
    ) -> list[FailureGroup]:
        """What went wrong, grouped by kind of error and job type, the most frequent first."""
        rows = self._rows("failures_by_kind", window, job_type=job_type, queue=queue, most=most)
        return [failure_group(row) for row in rows]

    def _rows(self, name: str, window: TimeWindow, **rest: Any) -> list[Row[Any]]:
        hours = window.in_hours()
        with translated(), self._engine.connect() as connection:
            found = connection.execute(statement(name), {**hours._asdict(), **rest})
            return list(found)
