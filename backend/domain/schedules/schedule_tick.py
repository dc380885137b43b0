"""One planned tick of a schedule, and what became of it."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple


class TickOutcome(StrEnum):
    """What became of a tick. The value is the stored word."""

    #: It shall run, and may have been enqueued; the next look settles which.
    PLANNED = "planned"
    RAN = "ran"
    #: On purpose: the reason says why.
    SKIPPED = "skipped"
    #: Nobody was there to run it, and the schedule does not want it run so late.
    MISSED = "missed"


class Tick(NamedTuple):
    """One tick. ``planned_at`` is the instant the plan names, ``due_at`` adds the jitter."""

    schedule_id: str
    planned_at: datetime
    due_at: datetime
    outcome: TickOutcome
    #: Asked for by a person, beside the plan; ``asked_by`` says who.
    by_hand: bool = False
    asked_by: str = ""
    #: Empty unless planned or ran; of one that was answered by a job that is the same, that one's.
    job_id: str = ""
    reason: str = ""
    late_seconds: float | None = None
    decided_at: datetime | None = None


class ManualRun(NamedTuple):
    """A run that a person asked for."""

    #: The job that runs: that of the tick, or one that is the same and was there.
    job_id: str
    #: In words why it is not that of the tick; empty: it is.
    answered: str = ""


def job_id_of(schedule_id: str, planned_at: datetime, *, by_hand: bool = False) -> str:
    """The only id that the job of this tick can have: whoever fires it, and however often."""
    at = planned_at.astimezone(UTC)
    milliseconds = f"{at.microsecond // 1000:03d}" if at.microsecond else ""
    return f"{schedule_id}-{at:%Y%m%dT%H%M%S}{milliseconds}{'-hand' if by_hand else ''}"


def due_at_of(schedule_id: str, planned_at: datetime, jitter: float) -> datetime:
    """The tick with its jitter: up to ``jitter`` seconds later, the same for everybody who asks."""
    if jitter <= 0:
        return planned_at
    digest = hashlib.sha256(job_id_of(schedule_id, planned_at).encode()).digest()
    share = int.from_bytes(digest[:6], "big") / 2**48
    return planned_at + timedelta(milliseconds=int(jitter * 1000 * share))
