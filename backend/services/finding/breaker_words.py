"""What to tell of a job whose destination is watched by a breaker that holds jobs back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from backend.domain.jobs.options.breaker_state import BreakerState, BreakerStatus
from backend.domain.text.length_words import in_units


def close_command(found: BreakerState) -> str:
    """What lets its jobs go on by hand."""
    return f"tally breakers close {found.destination}"


def breaker_words(found: BreakerState, now: datetime) -> str:
    """A sentence for people: since when, why, who waits, and what comes next."""
    since = f" for {in_units((now - found.since).total_seconds())}" if found.since else ""
    if found.is_by_hand:
        because = f" ({found.reason})" if found.reason else ""
        said = f"{found.destination} was opened by {found.by or 'somebody'}{since}{because}"
        return f"the breaker of {said}: {close_command(found)}"
    if found.status is BreakerStatus.RAMPING:
        return (
            f"{found.destination} was away and is back: who waited is let through, twice as many each "
            f"second, {found.waiting} still wait"
        )
    error = f" ({found.error})" if found.error else ""
    return f"{found.destination} has been away{since}{error}: {_next(found, now)}"


def _next(found: BreakerState, now: datetime) -> str:
    if found.keeps_nobody:
        return "the next job for it starts at once and tries it"
    if found.status is BreakerStatus.HALF_OPEN:
        return f"{found.probing} job(s) try it now, {found.waiting} wait for what comes of that"
    ahead = max(0.0, (found.probe_at - now).total_seconds()) if found.probe_at else 0.0
    return f"{found.waiting} job(s) wait, the next try is in {in_units(ahead)}"


def breaker_details(found: BreakerState) -> dict[str, Any]:
    """The same for programs."""
    return {
        "gate": f"breaker:{found.destination}",
        "destination": found.destination,
        "status": found.status.value,
        "since": found.since.isoformat() if found.since else None,
        "probe_at": found.probe_at.isoformat() if found.probe_at else None,
        "waiting": found.waiting,
        "probing": found.probing,
        "trips": found.trips,
        "error": found.error,
        "by": found.by,
        "reason": found.reason,
    }
