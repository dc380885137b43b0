"""What a schedule is: what runs, when, and what happens when it cannot. Durations are seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class MissedRuns(StrEnum):
    """What becomes of ticks that passed while no scheduler was running."""

    #: None of them runs.
    SKIP = "skip"
    #: The newest one runs, late, and stands for all.
    LAST = "last"
    #: Each of them runs, late, up to a limit.
    ALL = "all"


class Overlap(StrEnum):
    """What becomes of a tick while the job of an earlier one still waits or runs."""

    ALLOW = "allow"
    SKIP = "skip"


class Origin(StrEnum):
    """Who made a schedule."""

    CONFIGURATION = "configuration"
    SYSTEM = "system"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything about a schedule that a file or a person may say."""

    job_type: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    #: What `enqueue_job` takes beside payload and priority.
    options: Mapping[str, Any] = field(default_factory=dict)
    #: Empty: the job type's own.
    priority: str = ""
    #: Five fields or an @-name; empty when there is an interval.
    cron: str = ""
    #: Seconds from one tick to the next, counted from ``starts_at``; 0 when there is a cron line.
    interval: float = 0.0
    time_zone: str = "UTC"
    #: No tick is earlier; None: from the moment it is created.
    starts_at: datetime | None = None
    #: Each tick is put off by up to so many seconds, the same each time one asks.
    jitter: float = 0.0
    missed_runs: MissedRuns = MissedRuns.LAST
    overlap: Overlap = Overlap.ALLOW

    def to_dict(self) -> dict[str, Any]:
        """As JSON, for comparing and keeping."""
        return {
            "job_type": self.job_type,
            "payload": dict(self.payload),
            "options": dict(self.options),
            "priority": self.priority,
            "cron": self.cron,
            "interval": self.interval,
            "time_zone": self.time_zone,
            "starts_at": self.starts_at.isoformat() if self.starts_at else None,
            "jitter": self.jitter,
            "missed_runs": self.missed_runs.value,
            "overlap": self.overlap.value,
        }


def merged(plan: Plan, said: Mapping[str, Any]) -> dict[str, Any]:
    """The plan with some fields said anew; a cron line takes the place of an interval, and so on."""
    fields = {field: getattr(plan, field) for field in plan.to_dict()}
    if said.get("cron"):
        fields["interval"] = None
    elif said.get("interval"):
        fields["cron"] = None
    return fields | dict(said)


#: The fields of a plan that decide when its ticks are.
TIMING_FIELDS = ("cron", "interval", "time_zone", "starts_at", "jitter")


@dataclass(frozen=True, slots=True)
class Schedule:
    """One schedule as it is kept. Instants are aware UTC, by the clock of the database."""

    id: str
    name: str
    plan: Plan
    origin: Origin
    created_at: datetime
    created_by: str
    #: The next planned tick, and when it is due with its jitter; None while paused or deleted.
    next_at: datetime | None = None
    next_due_at: datetime | None = None
    revision: int = 1
    changed_at: datetime | None = None
    changed_by: str = ""
    paused_at: datetime | None = None
    paused_by: str = ""
    deleted_at: datetime | None = None
    #: What the configuration file last said; None when it never spoke of this schedule.
    seeded_as: Mapping[str, Any] | None = None

    @property
    def is_paused(self) -> bool:
        """Whether somebody stopped its ticks."""
        return self.paused_at is not None

    def said(self) -> dict[str, Any]:
        """What the configuration file would have to say to make this schedule as it is."""
        return {**self.plan.to_dict(), "enabled": not self.is_paused}
