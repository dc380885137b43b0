"""What to tell of a job that a freeze holds."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from backend.domain.schedules.freeze import FrozenWindow
from backend.domain.text.length_words import in_units


def freeze_words(window: FrozenWindow, now: datetime) -> str:
    """A sentence for people, of one that holds."""
    ahead = in_units((window.ends_at - now).total_seconds())
    return (
        f"{window.words} is frozen by {window.name} until {window.ends_at:%Y-%m-%d %H:%M} UTC, in {ahead}: "
        f"tally freezes lift {window.name}"
    )


def thaw_words(window: FrozenWindow, now: datetime) -> str:
    """Of one that is over, while what waited comes bit by bit."""
    over = window.ends_at + timedelta(seconds=window.ramp_seconds)
    ahead = in_units((over - now).total_seconds())
    return (
        f"the freeze {window.name} of {window.words} is over; what waited comes in turn for {ahead}"
    )


def freeze_details(window: FrozenWindow) -> dict[str, Any]:
    """The same for programs."""
    return {
        "freeze": window.name,
        "what": window.what,
        "from": window.starts_at.isoformat(),
        "until": window.ends_at.isoformat(),
        "ramp_seconds": window.ramp_seconds,
    }
