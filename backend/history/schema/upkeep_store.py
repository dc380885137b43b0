"""What keeps the record in shape: room for what comes, an end for what is old, sums of what is over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, NamedTuple

import structlog
from sqlalchemy import Connection, Engine

from backend.domain.errors import HistoryUnavailable
from backend.domain.history.history_retention import RetentionRule
from backend.domain.jobs.job_state import JobState
from backend.history.schema.months import month_after
from backend.history.server.connection import translated
from backend.history.server.database_clock import database_now
from backend.history.statements import statement

log = structlog.get_logger("tally.upkeep")

_LOCK_NOT_AVAILABLE = "55P03"


class _Group(NamedTuple):
    """Jobs that are looked through for what goes, in one round."""

    state: JobState
    #: None: all types.
    job_type: str | None
    #: From which id on, and below which; None: from the first, and to the last.
    ids_from: str | None = None
    ids_to: str | None = None


class PostgresUpkeepStore:
    """The `HistoryUpkeep` in Postgres."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        #: How far each round of pruning has come.
        self._pruned: dict[_Group, int] = {}

    def now(self) -> datetime:
        """The time by the record's own clock."""
        return database_now(self._engine)

    def make_partitions(self, months: int) -> int:
        """Makes room for events and jobs of this month and of ``months`` after it; how many were made.

        None while a backup or a long query holds the tables: there are rounds enough before it is needed.
        """
        return int(self._when_free("make_partitions", months=months) or 0)

    def _when_free(self, name: str, **values: Any) -> Any:
        """What a statement answers that changes whole tables; None while somebody holds them."""
        try:
            with translated(), self._engine.begin() as connection:
                return connection.execute(statement(name), values).scalar_one()
        except HistoryUnavailable as error:
            if error.details["sqlstate"] != _LOCK_NOT_AVAILABLE:
                raise
            log.info("partitions.postponed", reason=str(error))
            return None

    def prune_jobs(self, rule: RetentionRule, before: datetime, most: int) -> int:
        """Deletes at most ``most`` jobs of each group of a rule that ended before an instant.

        None of those that may be in the dead-letter queue.
        """
        bounds = self._ids_beside_months(before) if rule.goes_by_month else [(None, None)]
        return sum(
            self._prune_group(_Group(state, job_type, *between), before, most)
            for state in rule.states
            for job_type in self._types(rule, state)
            for between in bounds
        )

    def _prune_group(self, group: _Group, before: datetime, most: int) -> int:
        values = {
            **group._asdict(),
            "state": group.state.value,
            "after_position": self._pruned.get(group, -(1 << 63)),
            "before": before,
            "before_version": int(before.timestamp() * 1000) << 20,
            "most": most,
        }
        with translated(), self._engine.begin() as connection:
            row = connection.execute(statement("prune_jobs"), values).one()
        if row.jobs < most:
            self._pruned.pop(group, None)
        else:
            self._pruned[group] = row.last_position
        return int(row.jobs)

    def _types(self, rule: RetentionRule, state: JobState) -> Sequence[str | None]:
        """The types that a rule is about, one by one; None for all, where it leaves out none."""
        if rule.job_type or not rule.except_types:
            return [rule.job_type or None]
        asked = {"state": state.value, "except_types": list(rule.except_types)}
        with translated(), self._engine.connect() as connection:
            return connection.execute(statement("types_of_jobs"), asked).scalars().all()

    def _ids_beside_months(self, before: datetime) -> list[tuple[str | None, str | None]]:
        """From and to which ids jobs stand in no month that will go with them.

        One that should have gone a week before an instant is held up by a job of it.
        """
        with translated(), self._engine.connect() as connection:
            months = connection.execute(statement("ids_of_months"), {"before": before}).all()
        starts = [None, *(beyond for _, beyond in months)]
        ends = [*(first for first, _ in months), None]
        between = zip(starts, ends, strict=True)
        return [(start, end) for start, end in between if start is None or start != end]

    def drop_jobs(self, before: datetime) -> int:
        """Drops the months whose jobs have all ended before an instant; how many months."""
        old = [month for month in self.months_of_jobs() if month_after(month) <= before.date()]
        return sum(self.drop_jobs_month(month, before) for month in old)

    def months_of_jobs(self) -> list[date]:
        """The months that jobs have tables of, in order."""
        with translated(), self._engine.connect() as connection:
            return list(connection.execute(statement("months_of_jobs")).scalars())

    def drop_jobs_month(self, month: date, before: datetime) -> bool:
        """Drops the jobs of one month, with results and tags.

        False while one of them is to be kept or may be in the dead-letter queue, or a backup or a long
        query holds the tables.
        """
        # In a statement of its own: what it looked into cannot be dropped by the same one.
        with translated(), self._engine.connect() as connection:
            if connection.execute(statement("has_dead_jobs"), {"month": month}).scalar_one():
                return False
        return bool(self._when_free("drop_jobs_month", month=month, before=before))

    def sum_up_counts(self) -> None:
        """Puts together what recorders noted of how many jobs are in each state.

        Another time while a month is made or dropped.
        """
        with translated(), self._engine.begin() as connection:
            connection.execute(statement("sum_up_counts"))

    def drop_events(self, before: datetime) -> int:
        """Drops the months of events that were over before an instant; how many months."""
        old = [month for month in self.months_of_events() if month_after(month) <= before.date()]
        return sum(self.drop_month(month) for month in old)

    def months_of_events(self) -> list[date]:
        """The months that there is room for, in order."""
        with translated(), self._engine.connect() as connection:
            return list(connection.execute(statement("months_of_events")).scalars())

    def drop_month(self, month: date) -> bool:
        """Drops the events of one month that is over; False while somebody holds the tables."""
        return self._when_free("drop_month", month=month) is not None

    def prune_events(self, before: datetime, most: int) -> int:
        """Deletes domain events of months that were over by then, and whose jobs are gone; how many."""
        return self._prune("prune_event_records", before, most)

    def prune_set_aside(self, before: datetime, most: int) -> int:
        """Deletes what was set aside before an instant; how many."""
        return self._prune("prune_set_aside", before, most)

    def _prune(self, name: str, before: datetime, most: int) -> int:
        with translated(), self._engine.begin() as connection:
            return connection.execute(statement(name), {"before": before, "most": most}).rowcount

    def drop_statistics(self, before: datetime) -> int:
        """Deletes summed-up hours older than an instant; how many rows."""
        with translated(), self._engine.begin() as connection:
            return connection.execute(statement("drop_statistics"), {"before": before}).rowcount

    def sum_up_hours(self, most: int) -> int:
        """Sums up hours that are over and whose statistics are missing or behind; how many.

        Days that are complete then are put together from their hours.
        """
        hours = self.hours_to_sum_up(most)
        for hour in hours:
            with self._alone() as connection:
                for step in ("forget_marks", "forget_hour", "sum_up_hour"):
                    connection.execute(statement(step), {"hour": hour})
        with self._alone() as connection:
            days = connection.execute(statement("days_to_sum_up"), {"most": most}).scalars()
            for day in days.all():
                connection.execute(statement("sum_up_day"), {"day": day})
        return len(hours)

    def count_failures(self, most: int) -> int:
        """Counts what went wrong in hours that were summed up without, or lost attempts; how many hours.

        Their days are put together anew when hours are summed up next.
        """
        with self._alone() as connection:
            counted = connection.execute(statement("count_failures"), {"most": most}).rowcount
            connection.execute(statement("forget_uncounted_days"))
        return counted

    @contextmanager
    def _alone(self) -> Iterator[Connection]:
        """A transaction that no other summary runs beside, with one snapshot for everything in it.

        A mark that a recorder commits in between stays, and so do the rows it stands for.
        """
        snapshot = self._engine.execution_options(isolation_level="REPEATABLE READ")
        with translated(), snapshot.begin() as connection:
            connection.execute(statement("lock_statistics"))
            yield connection

    def hours_to_sum_up(self, most: int) -> list[datetime]:
        """Hours that are over and marked as stale, the oldest first."""
        with translated(), self._engine.connect() as connection:
            return list(connection.execute(statement("hours_to_sum_up"), {"most": most}).scalars())
