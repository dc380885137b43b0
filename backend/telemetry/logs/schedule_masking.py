"""Schedules as they are shown: without the secrets of the jobs that they enqueue."""

from __future__ import annotations

from typing import Any

from backend.domain.jobs.job_type import JobTypeCatalogue
from backend.domain.schedules.schedule_view import Difference, ScheduleView
from backend.telemetry.logs.masking import options_without_secrets, without_secrets


def plan_without_secrets(catalogue: JobTypeCatalogue, view: ScheduleView) -> dict[str, Any]:
    """The plan of a schedule, with the secrets in its payload and options masked."""
    plan = view.schedule.plan
    return {
        name: _masked(catalogue, name, value, [plan.job_type])
        for name, value in plan.to_dict().items()
    }


def differences_without_secrets(
    catalogue: JobTypeCatalogue, view: ScheduleView
) -> list[Difference]:
    """Where it is not as the file says; where these name two job types, the secrets of both are masked."""
    in_file = [each.in_file for each in view.differences if each.field == "job_type"]
    job_types = [view.schedule.plan.job_type, *in_file]

    def masked(each: Difference) -> Difference:
        shown = (
            _masked(catalogue, each.field, value, job_types)
            for value in (each.in_file, each.in_database)
        )
        return Difference(each.name, each.field, *shown)

    return [masked(each) for each in view.differences]


def _masked(catalogue: JobTypeCatalogue, field: str, value: Any, job_types: list[str]) -> Any:
    if field == "options" and isinstance(value, dict):
        return options_without_secrets(catalogue, value)
    if field == "payload":
        for job_type in job_types:
            value = without_secrets(catalogue, job_type, value)
    return value
