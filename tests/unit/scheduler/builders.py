"""Plans, schedules and intakes for tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from backend.domain.jobs.job_type import JobType, JobTypeCatalogue
from backend.domain.schedules.schedule import MissedRuns, Origin, Overlap, Plan, Schedule
from backend.services.jobs.job_intake import IntakeRules, JobIntake
from backend.services.schedules.schedule_intake import ScheduleIntake

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def nothing() -> None:
    """What the job types of these tests do."""


def job_intake(*job_types: str, now: datetime = NOON) -> JobIntake:
    catalogue = JobTypeCatalogue(JobType(name, nothing) for name in job_types or ("report",))
    return JobIntake(catalogue, IntakeRules(), new_id=lambda: "new-id", now=lambda: now)


def schedule_intake() -> ScheduleIntake:
    return ScheduleIntake(job_intake())


def schedule(
    *,
    missed_runs: str = "last",
    overlap: str = "allow",
    next_at: datetime | None = NOON,
    **said: Any,
) -> Schedule:
    plan = Plan(
        "report",
        missed_runs=MissedRuns(missed_runs),
        overlap=Overlap(overlap),
        **({"interval": 60.0, "starts_at": NOON} | said),
    )
    return Schedule("nightly-1234", "nightly", plan, Origin.PERSON, NOON, "anna", next_at, next_at)
