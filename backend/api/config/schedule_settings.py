"""The ``schedules`` of the settings: recurring jobs by name."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from pydantic import Field

from backend.api.config.section import Section
from backend.domain.jobs.options import bounds


class ScheduleSettings(Section):
    """One recurring job. A schedule that Tally brings along needs only what shall be different."""

    enabled: bool = Field(True, description="Off: it is there, paused, until somebody resumes it.")
    job_type: str = Field("", description="What runs.")
    payload: dict[str, Any] = Field(default_factory=dict, description="What its jobs are given.")
    priority: Literal["", "high", "normal", "low"] = Field(
        "", description="Empty: the job type's own."
    )
    options: dict[str, Any] = Field(
        default_factory=dict, description="As enqueue_job takes them: timeout, max_retries, tags…"
    )
    cron: str = Field("", description="Five fields (0 9 * * MON-FRI), or @daily and the like.")
    interval: float = Field(
        0, ge=0, le=bounds.INTERVAL.most, description="Seconds from run to run, instead of cron."
    )
    time_zone: str = Field("UTC", description="In whose time cron is read: Europe/Berlin.")
    starts_at: datetime | date | None = Field(
        None, description="No run is earlier, and intervals are counted from here."
    )
    jitter: float = Field(
        0,
        ge=0,
        le=bounds.SCHEDULE_JITTER.most,
        description="Puts each run off by up to so many seconds.",
    )
    missed_runs: Literal["skip", "last", "all"] = Field(
        "last", description="Which runs are made up for after hours without a scheduler."
    )
    overlap: Literal["allow", "skip"] = Field(
        "allow", description="skip: no run while an earlier one still waits or runs."
    )

    def said(self) -> dict[str, Any]:
        """What was written in the file, and nothing else."""
        return {name: getattr(self, name) for name in self.model_fields_set}
