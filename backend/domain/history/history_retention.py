"""How long history keeps what: by state, and by job type where that differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from backend.domain.jobs.job_state import JobState

#: The states that share the shorter time.
_DONE = (JobState.FINISHED, JobState.CANCELED)


class RetentionRule(NamedTuple):
    """One group of jobs that is kept equally long."""

    states: tuple[JobState, ...]
    keep: timedelta
    #: The only job type it is about; empty: all but ``except_types``.
    job_type: str = ""
    except_types: tuple[str, ...] = ()
    #: Whether nothing is kept longer: then whole months of them go, and nobody deletes them one by one.
    goes_by_month: bool = False


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """Days that jobs are kept after they ended. ``days_by_type`` holds for all states of a type."""

    finished_days: int = 30
    failed_days: int = 90
    days_by_type: Mapping[str, int] = field(default_factory=dict)

    @property
    def longest(self) -> timedelta:
        """How long the job that is kept longest is kept."""
        return timedelta(
            days=max(self.finished_days, self.failed_days, *self.days_by_type.values())
        )

    def rules(self) -> Iterator[RetentionRule]:
        """Every group of jobs, each job in exactly one."""
        for rule in self._groups():
            yield rule._replace(goes_by_month=rule.keep == self.longest)

    def _groups(self) -> Iterator[RetentionRule]:
        special = tuple(sorted(self.days_by_type))
        yield RetentionRule(_DONE, timedelta(days=self.finished_days), except_types=special)
        yield RetentionRule(
            (JobState.FAILED,), timedelta(days=self.failed_days), except_types=special
        )
        for job_type in special:
            keep = timedelta(days=self.days_by_type[job_type])
            yield RetentionRule((*_DONE, JobState.FAILED), keep, job_type=job_type)
