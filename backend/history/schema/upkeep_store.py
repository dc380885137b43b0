"""What keeps the record in shape: room for what comes, an end for what is old, sums of what is over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime

from sqlalchemy import Connection, Engine

from backend.domain.history.history_retention import RetentionRule
from backend.domain.jobs.job_state import JobState
from backend.history.schema.months import month_after
from backend.history.server.connection import translated
from backend.history.statements import statement


class PostgresUpkeepStore:
    """The `HistoryUpkeep` in Postgres."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        #: How far each round of pruning has come, by state and job type.
        self._pruned: dict[tuple[JobState, str], int] = {}

    def make_partitions(self, months: int) -> int:
        """Makes room for the events of this month and of ``months`` after it; how many were made."""
        with translated(), self._engine.begin() as connection:
            made = connection.execute(statement("make_partitions"), {"months": months}).scalars()
            return sum(made)

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

    def drop_events(self, before: datetime) -> int:
        """Drops the months of events that were over before an instant; how many months."""
        old = [month for month in self.months_of_events() if month_after(month) <= before.date()]
        for month in old:
            self.drop_month(month)
        return len(old)

    def months_of_events(self) -> list[date]:
        """The months that there is room for, in order."""
        with translated(), self._engine.connect() as connection:
            return list(connection.execute(statement("months_of_events")).scalars())

    def drop_month(self, month: date) -> None:
        """Drops the events of one month that is over."""
        with translated(), self._engine.begin() as connection:
            connection.execute(statement("drop_month"), {"month": month})

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
                self.forget_marks(connection, hour)
                self.forget_hour(connection, hour)
                self.sum_up_hour(connection, hour)
        with self._alone() as connection:
            for day in self.days_to_sum_up(connection, most):
                self.sum_up_day(connection, day)
        return len(hours)

    @contextmanager
    def _alone(self) -> Iterator[Connection]:
        """A transaction that no other summary runs beside, with one snapshot for everything in it.

        A mark that a recorder commits in between stays, and so do the rows it stands for.
        """
        snapshot = self._engine.execution_options(isolation_level="REPEATABLE READ")
        with translated(), snapshot.begin() as connection:
            self.lock_statistics(connection)
            yield connection

    def lock_statistics(self, connection: Connection) -> None:
        """Waits until no other summary is being written."""
        connection.execute(statement("lock_statistics"))

    def hours_to_sum_up(self, most: int) -> list[datetime]:
        """Hours that are over and marked as stale, the oldest first."""
        with translated(), self._engine.connect() as connection:
            return list(connection.execute(statement("hours_to_sum_up"), {"most": most}).scalars())

    def forget_marks(self, connection: Connection, hour: datetime) -> None:
        """Removes the marks of an hour."""
        connection.execute(statement("forget_marks"), {"hour": hour})

    def forget_hour(self, connection: Connection, hour: datetime) -> None:
        """Removes the sums of an hour."""
        connection.execute(statement("forget_hour"), {"hour": hour})

    def sum_up_hour(self, connection: Connection, hour: datetime) -> None:
        """Writes the sums of an hour."""
        connection.execute(statement("sum_up_hour"), {"hour": hour})

    def days_to_sum_up(self, connection: Connection, most: int) -> list[datetime]:
        """Days that are over, whose hours are summed up and which are not, the oldest first."""
        return list(connection.execute(statement("days_to_sum_up"), {"most": most}).scalars())

    def sum_up_day(self, connection: Connection, day: datetime) -> None:
        """Writes the sums of a day, out of those of its hours."""
        connection.execute(statement("sum_up_day"), {"day": day})
