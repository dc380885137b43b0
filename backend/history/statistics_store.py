"""Sums over many attempts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, Row

from backend.domain.history_statistics import (
    AttemptCounts,
    DurationSummary,
    FailureGroup,
    HourStatistics,
    TimeWindow,
    TypeStatistics,
    summarise,
)
from backend.history.connection import translated
from backend.history.statements import statement


class StatisticsStore:
    """The `StatisticsReader` in Postgres: what is not summed up yet is summed up on the way."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def by_hour(self, window: TimeWindow, job_type: str = "") -> list[HourStatistics]:
        """One entry for each hour in which anything ended, of one job type or ('') of all."""
        rows = self._rows("statistics_by_hour", window, job_type=job_type)
        return [HourStatistics(row.hour, _counts(row), _wait(row), _run(row)) for row in rows]

    def by_type(self, window: TimeWindow) -> list[TypeStatistics]:
        """One entry for each job type of which anything ended, the busiest first."""
        rows = self._rows("statistics_by_type", window)
        return [TypeStatistics(row.job_type, _counts(row), _wait(row), _run(row)) for row in rows]

    def failures(
        self, window: TimeWindow, job_type: str = "", most: int = 50
    ) -> list[FailureGroup]:
        """What went wrong, grouped by kind of error and job type, the most frequent first."""
        rows = self._rows("failures_by_kind", window, job_type=job_type, most=most)
        return [
            FailureGroup(
                row.error_kind, row.job_type, row.attempts, row.failed, row.last_at,
                row.job_id, row.error_message or "",
            )
            for row in rows
        ]  # fmt: skip

    def _rows(self, name: str, window: TimeWindow, **rest: Any) -> list[Row[Any]]:
        hours = window.in_hours()
        with translated(), self._engine.connect() as connection:
            found = connection.execute(statement(name), {**hours._asdict(), **rest})
            return list(found)


def _counts(row: Row[Any]) -> AttemptCounts:
    return AttemptCounts(row.attempts, row.finished, row.failed, row.retried, row.crashed)


def _wait(row: Row[Any]) -> DurationSummary | None:
    return summarise(row.wait_ms_sum, _numbers(row.wait_buckets), _numbers(row.wait_counts))


def _run(row: Row[Any]) -> DurationSummary | None:
    return summarise(row.run_ms_sum, _numbers(row.run_buckets), _numbers(row.run_counts))


def _numbers(array: str) -> list[int]:
    """The whole numbers of an array as Postgres writes it."""
    return list(map(int, array[1:-1].split(","))) if array != "{}" else []
