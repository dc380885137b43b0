"""What went through each queue lately, counted from the attempts themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row

from backend.domain.history.history_statistics import (
    FailureGroup,
    QueueStatistics,
    TimeWindow,
    TypeStatistics,
)
from backend.domain.history.queue_flow import (
    DeadGroup,
    DeadGroupFilter,
    FlowSlice,
    SlicePercentiles,
)
from backend.history.reading.statistics_rows import counts, failure_group, run, wait
from backend.history.server.connection import translated
from backend.history.statements import statement


class PostgresFlowStore:
    """The `FlowReader` in Postgres. Meant for an hour or so: it reads every attempt of it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def by_slice(self, since: datetime, until: datetime, seconds: int) -> list[FlowSlice]:
        """What ended, by stretches of so many seconds and by queue, the oldest first."""
        rows = self._rows("flow_by_slice", since=since, until=until, seconds=seconds)
        return [FlowSlice(row.at, row.queue, row.finished, row.wrong) for row in rows]

    def by_hour(self, since: datetime, until: datetime) -> list[FlowSlice]:
        """What ended, by whole hours and by queue, the oldest first, as it was summed up."""
        hours = TimeWindow(since, until).in_hours()
        return [FlowSlice._make(row) for row in self._rows("flow_by_hour", **hours._asdict())]

    def percentiles(
        self, since: datetime, until: datetime, seconds: int, queue: str = ""
    ) -> list[SlicePercentiles]:
        """How long it took, by stretches of so many seconds, of one queue or ('') of all."""
        window = {"since": since, "until": until, "seconds": seconds}
        rows = self._rows("flow_percentiles", **window, queue=queue)
        return [
            SlicePercentiles(row.at, _seconds(row.run_ms), _seconds(row.wait_ms)) for row in rows
        ]

    def by_queue(self, since: datetime, until: datetime) -> list[QueueStatistics]:
        """What ended, by queue, to the very second."""
        rows = self._rows("flow_by_queue", since=since, until=until)
        return [QueueStatistics(row.queue, counts(row), wait(row), run(row)) for row in rows]

    def by_type(self, since: datetime, until: datetime) -> list[TypeStatistics]:
        """What ended, by job type, to the very second, the busiest first."""
        rows = self._rows("flow_by_type", since=since, until=until)
        return [TypeStatistics(row.job_type, counts(row), wait(row), run(row)) for row in rows]

    def failures(
        self, since: datetime, until: datetime, queue: str = "", most: int = 50
    ) -> list[FailureGroup]:
        """What went wrong, by kind of error and job type, to the very second, the most frequent first."""
        asked = {"since": since, "until": until, "job_type": "", "queue": queue, "most": most}
        return [failure_group(row) for row in self._rows("failures_by_kind", **asked)]

    def dead_groups(self, newest: int, most: int, wanted: DeadGroupFilter) -> list[DeadGroup]:
        """Those meant of so many newest dead jobs, by kind of error and job type, largest first."""
        rows = self._rows("dead_groups", newest=newest, most=most, **wanted._asdict())
        return [DeadGroup._make(row) for row in rows]

    def _rows(self, name: str, **values: Any) -> list[Row[Any]]:
        with translated(), self._engine.connect() as connection:
            return list(connection.execute(statement(name), values))


def _seconds(milliseconds: list[float | None] | None) -> tuple[float, ...]:
    return tuple(each / 1000 for each in milliseconds or () if each is not None)
