"""A pause in words: what, by whom, for how long and why, and how to end it. Pure."""

from __future__ import annotations

from datetime import datetime

from backend.domain.jobs.pause import ALL, Pause
from backend.services.health.health_situation import long


def pause_words(pause: Pause, now: datetime) -> str:
    """``the queue low has been paused by ada for 12 min (disk full)``, as far as it was written down."""
    if pause.kind == ALL:
        return "everything is suspended by RQ"
    by = f" by {pause.by}" if pause.by else ""
    since = f" for {long(max(0.0, (now - pause.since).total_seconds()))}" if pause.since else ""
    why = f" ({pause.reason})" if pause.reason else ""
    return f"{pause.words} {'has been' if since else 'is'} paused{by}{since}{why}"


def resume_command(pause: Pause) -> str:
    """What ends it on the command line."""
    if pause.kind == ALL:
        return "rq resume"
    return f"tally queues resume {pause.name if pause.kind == 'queue' else pause.what}"
