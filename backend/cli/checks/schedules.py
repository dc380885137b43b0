"""Schedules that stand still: nothing else notices one that is paused, for it is never overdue."""

from __future__ import annotations

from collections.abc import Iterator

from backend.bootstrap.platform import Platform
from backend.cli.checks.finding import Finding, warning
from backend.domain.errors import TallyError
from backend.domain.schedules.schedule_view import ScheduleView
from backend.services.scheduler_service import SchedulerService


def check_schedules(parts: Platform) -> Iterator[Finding]:
    """Those that somebody paused; nothing while Postgres cannot say, which is told elsewhere."""
    try:
        views = SchedulerService(parts.scheduler_parts).list_all()
    except TallyError:
        return
    paused = [view.schedule.name for view in views if _was_paused(view)]
    if paused:
        yield warning(
            "schedules_paused",
            f"schedules that somebody paused: {', '.join(paused)}",
            f"tally schedules resume {paused[0]}, if forgotten",
        )


def _was_paused(view: ScheduleView) -> bool:
    """Not of those that the shipped or the configured schedules have off from the beginning."""
    seeded = view.schedule.seeded_as
    return view.schedule.is_paused and (seeded is None or bool(seeded.get("enabled", True)))
