"""What went through each queue lately, counted from the attempts themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row

from backend.domain.history_statistics import summarise
from backend.domain.queue_flow import DeadGroup, FlowSlice, QueueFlow, SlicePercentiles
from backend.history.connection import translated
from backend.history.statements import statement


class FlowStore:
    """The `FlowReader` in Postgres. Meant for an hour or so: it reads every attempt of it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def by_slice(self, since: datetime, until: datetime, seconds: int) -> list[FlowSlice]:
        """What ended, by stretches of so many seconds and by queue, the oldest first."""
        rows = self._rows("flow_by_slice", since=since, until=until, seconds=seconds)
        return [FlowSlice(row.at, row.queue, row.finished, row.wrong) for row in rows]

    def percentiles(self, since: datetime, until: datetime, seconds: int) -> list[SlicePercentiles]:
        """How long it took, by stretches of so many seconds, over all queues."""
        rows = self._rows("flow_percentiles", since=since, until=until, seconds=seconds)
        return [
            SlicePercentiles(row.at, _seconds(row.run_ms), _seconds(row.wait_ms)) for row in rows
        ]

    def by_queue(self, since: datetime, until: datetime) -> list[QueueFlow]:
        """What ended, by queue."""
        rows = self._rows("flow_by_queue", since=since, until=until)
        return [
            QueueFlow(
                row.queue,
                row.ended,
                row.finished,
                row.wrong,
                summarise(row.wait_ms_sum, row.wait_buckets, row.wait_counts),
                summarise(row.run_ms_sum, row.run_buckets, row.run_counts),
            )
            for row in rows
        ]

    def dead_groups(self, newest: int, most: int) -> list[DeadGroup]:
        """The newest dead jobs, by kind of error and job type, the largest groups first."""
        rows = self._rows("dead_groups", newest=newest, most=most)
        return [DeadGroup._make(row) for row in rows]

    def _rows(self, name: str, **values: Any) -> list[Row[Any]]:
        with translated(), self._engine.connect() as connection:
            return list(connection.execute(statement(name), values))


def _seconds(milliseconds: list[float | None] | None) -> tuple[float, ...]:
    return tuple(each / 1000 for each in milliseconds or () if each is not None)
