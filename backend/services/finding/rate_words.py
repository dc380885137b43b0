"""What to tell of a job that waits for the rate of its type, or of its key."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from backend.domain.jobs.options.rate import RateState
from backend.domain.text.length_words import in_units


class Awaited(NamedTuple):
    """A rate that a job waits for, and where it stands there."""

    #: A job type, a key, or a tenant: ``@acme``.
    name: str
    found: RateState
    #: Jobs that are let through before it, and how much all of these take.
    before: int
    units_before: int
    #: How much it takes itself.
    weight: int
    now: datetime

    @property
    def starts_about(self) -> datetime:
        """When it may start, if workers are free."""
        return self.found.starts_at(self.units_before + self.weight, self.now)


def rate_words(awaited: Awaited) -> str:
    """A sentence for people."""
    name, found, before, *_ = awaited
    whose = whose_rate(name)
    takes = f", of which it takes {awaited.weight}" if awaited.weight > 1 else ""
    others = f"; {before} jobs are let through before it" if before else ""
    ahead = max(0.0, (awaited.starts_about - awaited.now).total_seconds())
    return (
        f"of {whose} no more than {found.rate.words} may start{takes}{others}: "
        f"it may start in about {in_units(ahead)}"
    )


def whose_rate(name: str) -> str:
    """Whose rate it is: of a job type, a key, or a tenant."""
    if name.startswith("@"):
        return f"the tenant {name[1:]!r}"
    return f"the key {name!r}" if ":" in name else f"the job type {name}"


def rate_details(awaited: Awaited) -> dict[str, Any]:
    """The same for programs."""
    found = awaited.found
    opens = found.opens_at or awaited.now
    weighed = {"weight": awaited.weight, "units_before": awaited.units_before}
    return {
        "gate": f"rate:{awaited.name}",
        "limit": found.rate.limit,
        "per": found.rate.per,
        "waiting": found.waiting,
        "before": awaited.before,
        **(weighed if awaited.weight != 1 or awaited.units_before != awaited.before else {}),
        "opens_at": opens.isoformat(),
        "starts_about": awaited.starts_about.isoformat(),
    }
