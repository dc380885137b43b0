"""A schedule as people look at it: with its last tick, and whether one is missing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from backend.domain.jobs.job_state import JobState
from backend.domain.schedules.schedule import Schedule
from backend.domain.schedules.schedule_tick import Tick, TickOutcome


class Difference(NamedTuple):
    """One thing that the configuration file and the database say differently."""

    name: str
    #: A field of the plan, ``enabled``, or ``exists``.
    field: str
    in_file: Any
    in_database: Any


class StripMark(NamedTuple):
    """What became of one tick, and of its job as far as the record knows."""

    planned_at: datetime
    outcome: TickOutcome
    job_id: str | None
    #: None: there is no job, or the record has not seen it yet.
    state: JobState | None

    @property
    def words(self) -> str:
        """In one word: the state of its job, or why there is none."""
        if self.state is not None:
            return self.state.value
        return "enqueued" if self.job_id else self.outcome.value


@dataclass(frozen=True, slots=True)
class ScheduleView:
    """One schedule, seen at ``now`` by the clock of the database."""

    schedule: Schedule
    now: datetime
    #: The newest tick that is decided.
    last_tick: Tick | None = None
    #: When the oldest tick was due that is planned but not yet enqueued.
    unfired_since: datetime | None = None

    @property
    def overdue_seconds(self) -> float:
        """For how long an expected tick has been missing; 0 when none is."""
        due = [at for at in (self.schedule.next_due_at, self.unfired_since) if at is not None]
        return max(0.0, (self.now - min(due)).total_seconds()) if due else 0.0

    def is_overdue(self, grace: float) -> bool:
        """Whether a tick has been missing for more than ``grace`` seconds."""
        return self.overdue_seconds > grace

    @property
    def differences(self) -> list[Difference]:
        """Where this schedule is not as the configuration file last said."""
        said, seeded = self.schedule.said(), self.schedule.seeded_as
        return compare(self.schedule.name, seeded, said) if seeded is not None else []


def compare(name: str, in_file: Any, in_database: Any) -> list[Difference]:
    """The fields that differ; what the file leaves open (a start) may be anything."""
    return [
        Difference(name, field, in_file[field], value)
        for field, value in in_database.items()
        if field in in_file and in_file[field] != value and in_file[field] is not None
    ]
