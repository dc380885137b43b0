"""Schedules as they come in and go out. Durations are seconds."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar

from pydantic import Field, JsonValue, StringConstraints

from backend.api.config.section import within
from backend.api.schemas.base import Because, Page, Request, Resource
from backend.api.schemas.fields import (
    NUMBER,
    WHOLE,
    Instant,
    Line,
    PriorityWord,
    QueryTruth,
    TypeName,
)
from backend.domain.jobs.options import bounds
from backend.domain.schedules.schedule import MissedRuns, Origin, Overlap, Schedule
from backend.domain.schedules.schedule_tick import Tick, TickOutcome
from backend.domain.schedules.schedule_view import Difference, ScheduleView

ScheduleName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]


class Timing(Request):
    """When a schedule ticks."""

    cron: Line | None = Field(None, description="Five fields, or `@daily` and the like.")
    interval: Annotated[float, within(bounds.INTERVAL)] | None = Field(
        None, description="Seconds from one tick to the next; instead of cron."
    )
    time_zone: Line | None = None
    starts_at: Instant | None = None
    jitter: Annotated[float, within(bounds.SCHEDULE_JITTER)] | None = None

    #: What of a request is no property of the schedule itself.
    about_the_request: ClassVar[frozenset[str]] = frozenset()

    def said(self) -> dict[str, Any]:
        """What was given of the schedule, by name."""
        names = self.model_fields_set - self.about_the_request
        given = {name: getattr(self, name) for name in names}
        return {name: value for name, value in given.items() if value is not None}


class PlanFields(Timing, Because):
    """What a schedule runs, and what happens when it cannot."""

    payload: dict[str, JsonValue] | None = None
    options: dict[str, JsonValue] | None = Field(
        None, description="What `POST /api/jobs` takes beside payload and priority."
    )
    priority: PriorityWord | None = None
    missed_runs: MissedRuns | None = Field(None, description="Ticks while no scheduler ran.")
    overlap: Overlap | None = Field(None, description="Ticks while an earlier job still runs.")


class ScheduleRequest(PlanFields):
    """A schedule to be made."""

    about_the_request = frozenset({"reason", "name", "paused"})

    name: ScheduleName
    job_type: TypeName
    paused: bool = False


class ScheduleChange(PlanFields):
    """What to change; the rest stays."""

    about_the_request = frozenset({"reason", "revision"})

    job_type: TypeName | None = None
    revision: Annotated[int, Field(ge=1, le=2_147_483_647), WHOLE] | None = Field(
        None, description="The one that was seen: refused when somebody was faster."
    )


class ScheduleDraft(Timing):
    """A timing to look at: of a schedule, of one with changes, or of none yet."""

    about_the_request = frozenset({"schedule", "count"})

    schedule: ScheduleName | None = None
    count: Annotated[int, Field(ge=1, le=100), WHOLE] = 5


class SchedulesQuery(Request):
    """Which schedules."""

    overdue: QueryTruth = Field(False, description="Only those whose expected tick is missing.")


class TicksQuery(Request):
    """Which ticks."""

    limit: Annotated[int, Field(ge=1, le=1000), NUMBER] = 100
    before: Instant | None = Field(None, description="Planned before; `next_before` of a page.")
    outcome: TickOutcome | None = None


class TickLine(Resource):
    """One planned tick, and what became of it."""

    planned_at: datetime
    due_at: datetime
    outcome: TickOutcome
    by_hand: bool
    asked_by: str | None
    job_id: str | None
    reason: str | None
    late_seconds: float | None
    decided_at: datetime | None

    @classmethod
    def of(cls, tick: Tick) -> TickLine:
        """A tick as it goes out."""
        known = tick._asdict()
        del known["schedule_id"]
        for name in ("asked_by", "job_id", "reason"):
            known[name] = known[name] or None
        return cls(**known)


class TickPage(Resource):
    """Some ticks, the newest first."""

    items: list[TickLine]
    next_before: datetime | None = Field(description="Give it as `before` for the next page.")


class DifferenceLine(Resource):
    """One thing that the configuration file and the database say differently."""

    field: str
    in_file: Any
    in_database: Any


class ScheduleResource(Resource):
    """A schedule."""

    id: str
    name: str
    job_type: str
    payload: dict[str, Any]
    options: dict[str, Any]
    priority: str | None
    cron: str | None
    interval: float | None
    time_zone: str
    starts_at: datetime | None
    jitter: float
    missed_runs: MissedRuns
    overlap: Overlap
    origin: Origin
    revision: int
    next_at: datetime | None
    next_due_at: datetime | None
    is_paused: bool
    paused_by: str | None
    created_at: datetime
    created_by: str
    changed_at: datetime | None
    changed_by: str | None

    @classmethod
    def of(cls, schedule: Schedule, payload: Any, options: Any) -> ScheduleResource:
        """A schedule as it goes out; what is secret in payload and options is masked already."""
        return cls(**_fields(schedule), payload=payload, options=options)


class ScheduleDetail(ScheduleResource):
    """A schedule with its last tick."""

    last_tick: TickLine | None
    overdue_seconds: float = Field(description="For how long an expected tick has been missing.")
    differences: list[DifferenceLine] = Field(
        description="Where it is not as the configuration file last said."
    )

    @classmethod
    def seen(
        cls, view: ScheduleView, payload: Any, options: Any, differences: list[Difference]
    ) -> ScheduleDetail:
        """A schedule as it is looked at; what is secret is masked already."""
        return cls(
            **_fields(view.schedule),
            payload=payload,
            options=options,
            last_tick=TickLine.of(view.last_tick) if view.last_tick else None,
            overdue_seconds=view.overdue_seconds,
            differences=[
                DifferenceLine(field=each.field, in_file=each.in_file, in_database=each.in_database)
                for each in differences
            ],
        )


class SchedulePage(Page):
    """Every schedule, by name."""

    items: list[ScheduleDetail]


class RunsPreview(Resource):
    """A timing in words, and the next runs in its own time zone."""

    words: str
    runs: list[datetime]


class RunReceipt(Resource):
    """A run beside the plan."""

    name: str
    job_id: str
    answered: str | None = Field(
        None, description="Why the job is one that was there already; null: it is this run's own."
    )


def _fields(schedule: Schedule) -> dict[str, Any]:
    plan = schedule.plan
    return {
        "id": schedule.id,
        "name": schedule.name,
        "job_type": plan.job_type,
        "priority": plan.priority or None,
        "cron": plan.cron or None,
        "interval": plan.interval or None,
        "time_zone": plan.time_zone,
        "starts_at": plan.starts_at,
        "jitter": plan.jitter,
        "missed_runs": plan.missed_runs,
        "overlap": plan.overlap,
        "origin": schedule.origin,
        "revision": schedule.revision,
        "next_at": schedule.next_at,
        "next_due_at": schedule.next_due_at,
        "is_paused": schedule.is_paused,
        "paused_by": schedule.paused_by or None,
        "created_at": schedule.created_at,
        "created_by": schedule.created_by,
        "changed_at": schedule.changed_at,
        "changed_by": schedule.changed_by or None,
    }
