"""What keeps the record in shape: room for what comes, an end for what is old, sums of what is over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

import structlog
from sqlalchemy import Connection, Engine

from backend.domain.errors import HistoryUnavailable
from backend.domain.history.history_retention import RetentionRule
from backend.domain.jobs.job_state import JobState
from backend.history.schema.months import month_after
from backend.history.server.connection import translated
from backend.history.statements import statement

log = structlog.get_logger("tally.upkeep")

_LOCK_NOT_AVAILABLE = "55P03"


class PostgresUpkeepStore:
    """The `HistoryUpkeep` in Postgres."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        #: How far each round of pruning has come, by state and job type.
        self._pruned: dict[tuple[JobState, str], int] = {}

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
        """Deletes at most ``most`` jobs of each state of a rule that ended before an instant."""
        return sum(self._prune_state(rule, state, before, most) for state in rule.states)

    def _prune_state(
        self, rule: RetentionRule, state: JobState, before: datetime, most: int
    ) -> int:
        round_of = (state, rule.job_type)
        values = {
            "state": state.value,
            "after_position": self._pruned.get(round_of, -(1 << 63)),
            "before": before,
            "before_version": int(before.timestamp() * 1000) << 20,
            **self._months_left_alone(rule),
            "job_type": rule.job_type,
            "except_types": list(rule.except_types),
            "most": most,
        }
        with translated(), self._engine.begin() as connection:
            row = connection.execute(statement("prune_jobs"), values).one()
        if row.jobs < most:
            self._pruned.pop(round_of, None)
        else:
            self._pruned[round_of] = row.last_position
        return int(row.jobs)

    def _months_left_alone(self, rule: RetentionRule) -> dict[str, str | None]:
        """The ids between which jobs go by the month; none where they are deleted one by one."""
        months = self.months_of_jobs() if rule.goes_by_month else []
        if not months:
            return {"months_from": None, "months_to": None}
        return {
            "months_from": self.first_id_of(months[0]),
            "months_to": self.first_id_of(month_after(months[-1])),
        }

    def first_id_of(self, month: date) -> str:
        """The lowest id of a month."""
        with translated(), self._engine.connect() as connection:
            return str(connection.execute(statement("first_id_of"), {"month": month}).scalar())

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

        False while one of them is to be kept, or a backup or a long query holds the tables.
        """
        return bool(self._when_free("drop_jobs_month", month=month, before=before))

    def sum_up_counts(self) -> None:
        """Puts together what recorders noted of how many jobs are in each state."""
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
