"""What to tell of a job that waits for the rate of its type."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from backend.domain.jobs.options.rate import RateState
from backend.domain.text.length_words import in_units


def starts_about(found: RateState, before: int, now: datetime) -> datetime:
    """When a job may start that ``before`` others are let through before, if workers are free."""
    first = found.opens_at or now
    return first + timedelta(microseconds=before * found.rate.every_us)


def rate_words(job_type: str, found: RateState, before: int, now: datetime) -> str:
    """A sentence for people."""
    ahead = max(0.0, (starts_about(found, before, now) - now).total_seconds())
    others = f"; {before} jobs are let through before it" if before else ""
    return (
        f"of the job type {job_type} no more than {found.rate.words} may start{others}: "
        f"it may start in about {in_units(ahead)}"
    )


def rate_details(job_type: str, found: RateState, before: int, now: datetime) -> dict[str, Any]:
    """The same for programs."""
    opens = found.opens_at or now
    return {
        "gate": f"rate:{job_type}",
        "limit": found.rate.limit,
        "per": found.rate.per,
        "waiting": found.waiting,
        "before": before,
        "opens_at": opens.isoformat(),
        "starts_about": starts_about(found, before, now).isoformat(),
    }
