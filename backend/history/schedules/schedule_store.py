"""The `ScheduleStore` and the `TickBook` in Postgres. Every instant is by the clock of the database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, CursorResult, Engine

from backend.domain.jobs.job_state import JobState
from backend.domain.schedules.schedule import Schedule
from backend.domain.schedules.schedule_ports import PastRun, UnfiredTick, UpcomingTicks
from backend.domain.schedules.schedule_tick import Tick, TickOutcome
from backend.domain.schedules.schedule_view import ScheduleView, StripMark
from backend.history.schedules.schedule_rows import (
    Row,
    schedule_of,
    tick_of,
    values_of,
    verdicts_of,
)
from backend.history.server.connection import translated
from backend.history.statements import statement


class _Statements:
    """Runs the statements of this subject, each in a transaction unless several share one."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with translated(), self._engine.begin() as connection:
            yield connection

    def _rows(self, name: str, /, **values: Any) -> list[Row]:
        with self._transaction() as connection:
            return [dict(row) for row in connection.execute(statement(name), values).mappings()]

    def _now(self) -> datetime:
        now: datetime = self._rows("database_now")[0]["now"]
        return now

    def _changed(self, name: str, /, **values: Any) -> int:
        with self._transaction() as connection:
            return _count(connection, name, values)


class PostgresScheduleStore(_Statements):
    """All schedules. Safe for several threads."""

    def now(self) -> datetime:
        """The database's time, to the millisecond."""
        return self._now()

    def add(self, schedule: Schedule) -> bool:
        """False when another schedule has the name."""
        return bool(self._changed("add_schedule", **values_of(schedule)))

    def find(self, name: str) -> ScheduleView | None:
        """The schedule of this name, with its last tick."""
        rows = self._rows("view_schedules", name=name)
        return _view(rows[0]) if rows else None

    def find_deleted(self, name: str) -> Schedule | None:
        """The one deleted last under this name."""
        rows = self._rows("find_deleted_schedule", name=name)
        return schedule_of(rows[0]) if rows else None

    def all(self) -> list[ScheduleView]:
        """All that are not deleted, by name."""
        return [_view(row) for row in self._rows("view_schedules", name=None)]

    def strips(self, most: int, name: str | None = None) -> dict[str, list[StripMark]]:
        """The newest decided ticks of each schedule, or of one, the oldest first, by its name."""
        found: dict[str, list[StripMark]] = {}
        for row in self._rows("recent_ticks_of_each", most=most, name=name):
            state = JobState(row["state"]) if row["state"] else None
            mark = StripMark(row["planned_at"], TickOutcome(row["outcome"]), row["job_id"], state)
            found.setdefault(row["name"], []).append(mark)
        return found

    def change(self, schedule: Schedule, seen: Schedule, dropped: Sequence[Tick]) -> bool:
        """Both or neither: the new schedule, and the verdicts on the ticks that it drops."""
        values = values_of(schedule) | _seen(seen)
        with self._transaction() as connection:
            if not _count(connection, "change_schedule", values):
                return False
            _add_ticks(connection, schedule.id, dropped)
            return True

    def ticks(
        self, schedule_id: str, *, before: datetime | None, outcome: str, most: int
    ) -> list[Tick]:
        """The newest first."""
        rows = self._rows(
            "page_of_ticks", schedule_id=schedule_id, before=before, outcome=outcome, most=most
        )
        return [tick_of(row) for row in rows]

    def prune_ticks(self, before: datetime, most: int) -> int:
        """The newest tick of each schedule is left, however old."""
        return self._changed("prune_ticks", before=before, most=most)


class PostgresTickBook(_Statements):
    """The ticks of all schedules. Several schedulers may work on it at once."""

    def upcoming(self, most: int, start: int = 0) -> UpcomingTicks:
        """The soonest first."""
        rows = self._rows("upcoming_schedules", most=most, start=start)
        return UpcomingTicks(
            rows[0]["now"] if rows else self._now(), [schedule_of(row) for row in rows]
        )

    def advance(
        self,
        seen: Schedule,
        ticks: Sequence[Tick],
        next_at: datetime | None,
        due_at: datetime | None,
    ) -> bool:
        """Both or neither: the schedule moved on from where it was seen, and the verdicts."""
        values = {"id": seen.id, "next_at": next_at, "next_due_at": due_at, **_seen(seen)}
        with self._transaction() as connection:
            if not _count(connection, "advance_schedule", values):
                return False
            _add_ticks(connection, seen.id, ticks)
            return True

    def take_back(self, seen: Schedule, next_at: datetime, due_at: datetime) -> bool:
        """Both or neither: the schedule is back at a tick, and no verdict says that it was passed over."""
        values = {"id": seen.id, "next_at": next_at, "next_due_at": due_at, **_seen(seen)}
        with self._transaction() as connection:
            if not _count(connection, "advance_schedule", values):
                return False
            _count(connection, "forget_ticks_ahead", {"schedule_id": seen.id, "from_at": next_at})
            return True

    def unfired(self, most: int, counted: int, start: int) -> list[UnfiredTick]:
        """The oldest first."""
        return [
            UnfiredTick(
                tick_of(row), schedule_of(row), row["now"], int(row["behind"]), row["is_recorded"]
            )
            for row in self._rows("unfired_ticks", most=most, counted=counted, start=start)
        ]

    def ask(self, tick: Tick) -> bool:
        """False when this very tick was asked for before."""
        return bool(
            self._changed(
                "ask_tick",
                schedule_id=tick.schedule_id,
                planned_at=tick.planned_at,
                due_at=tick.due_at,
                asked_by=tick.asked_by,
                job_id=tick.job_id,
                reason=tick.reason,
            )
        )

    def settle(self, ticks: Sequence[Tick]) -> None:
        """All in one transaction; how late a tick ran is measured by the database."""
        if not ticks:
            return
        values = [
            {
                "schedule_id": tick.schedule_id,
                "planned_at": tick.planned_at,
                "by_hand": tick.by_hand,
                "outcome": tick.outcome.value,
                "job_id": tick.job_id,
                "reason": tick.reason,
            }
            for tick in ticks
        ]
        with self._transaction() as connection:
            connection.execute(statement("settle_tick"), values)

    def recent_runs(self, schedule_id: str, most: int) -> list[PastRun]:
        """The newest first; last those from before their time."""
        rows = self._rows("recent_runs", schedule_id=schedule_id, most=most)
        return [PastRun(row["job_id"], row["is_enqueued"]) for row in rows]


def _seen(schedule: Schedule) -> dict[str, Any]:
    return {"seen_revision": schedule.revision, "seen_next_at": schedule.next_at}


def _count(connection: Connection, name: str, values: dict[str, Any]) -> int:
    result: CursorResult[Any] = connection.execute(statement(name), values)
    return result.rowcount


def _add_ticks(connection: Connection, schedule_id: str, ticks: Sequence[Tick]) -> None:
    if ticks:
        connection.execute(statement("add_ticks"), verdicts_of(schedule_id, ticks))


def _view(row: Row) -> ScheduleView:
    last = tick_of(row) if row["schedule_id"] else None
    return ScheduleView(schedule_of(row), row["now"], last, row["unfired_since"])
