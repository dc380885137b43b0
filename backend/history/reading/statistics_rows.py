"""Rows of statistics as they are read: counts, and histograms as Postgres writes arrays."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from backend.domain.history.history_statistics import (
    AttemptCounts,
    DurationSummary,
    FailureGroup,
    summarise,
)


def counts(row: Row[Any]) -> AttemptCounts:
    """How attempts ended."""
    return AttemptCounts(row.attempts, row.finished, row.failed, row.retried, row.crashed)


def wait(row: Row[Any]) -> DurationSummary | None:
    """How long they waited."""
    return summarise(row.wait_ms_sum, _numbers(row.wait_buckets), _numbers(row.wait_counts))


def run(row: Row[Any]) -> DurationSummary | None:
    """How long they ran."""
    return summarise(row.run_ms_sum, _numbers(row.run_buckets), _numbers(row.run_counts))


def failure_group(row: Row[Any]) -> FailureGroup:
    """What went wrong of one kind."""
    return FailureGroup(
        row.error_kind, row.job_type, row.attempts, row.failed, row.last_at,
        row.job_id, row.error_message or "",
    )  # fmt: skip


def _numbers(array: str) -> list[int]:
    """The whole numbers of an array as Postgres writes it."""
    return list(map(int, array[1:-1].split(","))) if array != "{}" else []
