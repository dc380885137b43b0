"""Months of events: one partition each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

from backend.history.recording.job_registers import FoldedEvent


def month_of(version: int) -> date:
    """The first day of the month, in UTC, to which an event of this version belongs."""
    instant = datetime.fromtimestamp((version >> 20) / 1000, UTC)
    return date(instant.year, instant.month, 1)


def months_in(timeline: Sequence[FoldedEvent]) -> set[date]:
    """Every month in a timeline that is in order."""
    ends = {month_of(timeline[0].version), month_of(timeline[-1].version)}
    return ends if len(ends) == 1 else {month_of(entry.version) for entry in timeline}


def month_after(month: date) -> date:
    """The first day of the next month."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
