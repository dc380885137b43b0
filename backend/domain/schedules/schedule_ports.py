"""What the scheduler needs of the record. Every method raises HistoryUnavailable."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from backend.domain.schedules.schedule import Schedule
from backend.domain.schedules.schedule_tick import Tick
from backend.domain.schedules.schedule_view import ScheduleView, StripMark


class UpcomingTicks(NamedTuple):
    """The schedules whose ticks come next, the soonest first, and the time by the store's clock."""

    now: datetime
    schedules: Sequence[Schedule]


class UnfiredTick(NamedTuple):
    """A tick that shall run: planned, and not yet known to be enqueued."""

    tick: Tick
    schedule: Schedule
    now: datetime
    #: How many later ticks of the plan ran, shall run, or are due by now; counting stops at some.
    behind: int
    #: Whether the record knows its job, so that it was enqueued.
    is_recorded: bool


class PastRun(NamedTuple):
    """A job that a schedule enqueued, or is about to."""

    job_id: str
    is_enqueued: bool


class ScheduleStore(Protocol):
    """All schedules, as people change them."""

    def now(self) -> datetime:
        """The time by the store's clock, to the millisecond."""

    def add(self, schedule: Schedule) -> bool:
        """Keeps a new schedule; False when another has its name."""

    def find(self, name: str) -> ScheduleView | None:
        """The schedule of this name that is not deleted."""

    def find_deleted(self, name: str) -> Schedule | None:
        """The schedule of this name that was deleted last."""

    def all(self) -> list[ScheduleView]:
        """Every schedule that is not deleted, by name."""

    def strips(self, most: int, name: str | None = None) -> dict[str, list[StripMark]]:
        """The newest decided ticks of each schedule, or of one, the oldest first, by its name."""

    def change(self, schedule: Schedule, seen: Schedule, dropped: Sequence[Tick]) -> bool:
        """Replaces ``seen``, and says what became of ticks it drops; False if it is not so any more."""

    def ticks(
        self, schedule_id: str, *, before: datetime | None, outcome: str, most: int
    ) -> list[Tick]:
        """Ticks of a schedule, the newest first, planned before an instant; outcome empty: any."""

    def prune_ticks(self, before: datetime, most: int) -> int:
        """Deletes decided ticks planned before an instant, the newest of each schedule left; how many."""


class TickBook(Protocol):
    """The planned ticks of all schedules, as the scheduler works through them."""

    def upcoming(self, most: int, start: int = 0) -> UpcomingTicks:
        """The schedules whose ticks come next, without the first ``start`` of them."""

    def advance(
        self,
        seen: Schedule,
        ticks: Sequence[Tick],
        next_at: datetime | None,
        due_at: datetime | None,
    ) -> bool:
        """Writes verdicts and moves the schedule on, in one step; False if it is not as seen."""

    def take_back(self, seen: Schedule, next_at: datetime, due_at: datetime) -> bool:
        """Puts a schedule back to an earlier tick, in one step; False if it is not as seen.

        Verdicts from that tick on are forgotten, but of ticks that run or ran.
        """

    def unfired(self, most: int, counted: int, start: int) -> list[UnfiredTick]:
        """Ticks that shall run, the oldest first, without the first ``start`` of them.

        ``behind`` is counted up to ``counted``.
        """

    def ask(self, tick: Tick) -> bool:
        """Writes down a tick that a person asks for; False when it was there already."""

    def settle(self, ticks: Sequence[Tick]) -> None:
        """Writes what became of planned ticks; one that is settled already stays as it is."""

    def recent_runs(self, schedule_id: str, most: int) -> list[PastRun]:
        """The newest jobs of a schedule, and of those that ran before their time as many again."""
