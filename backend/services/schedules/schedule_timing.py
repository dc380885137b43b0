"""When the ticks of a plan are: cron line or interval, zone, start and jitter put together. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice, pairwise

from backend.domain.schedules.schedule import Plan, Schedule
from backend.domain.schedules.schedule_interval import next_on_grid
from backend.domain.schedules.schedule_tick import due_at_of
from backend.services.schedules.cron_ticks import cron_line
from backend.services.schedules.schedule_zones import zone_of

_INSTANT = timedelta(microseconds=1)
#: Clocks are put right by some seconds now and then: nobody misses a tick for that.
_STEP_BACK = timedelta(minutes=1)


def next_tick(plan: Plan, after: datetime) -> datetime | None:
    """The first tick later than an instant; None when there will be none.

    ``plan.starts_at`` must be known; it is the first instant at which a tick can be.
    """
    start = plan.starts_at or after
    if plan.interval:
        return next_on_grid(start, plan.interval, after)
    return cron_line(plan.cron).next_after(max(after, start - _INSTANT), zone_of(plan.time_zone))


def ticks_after(plan: Plan, after: datetime) -> Iterator[datetime]:
    """Every tick later than an instant, in order."""
    tick = next_tick(plan, after)
    while tick is not None:
        yield tick
        tick = next_tick(plan, tick)


def due_ticks(schedule: Schedule, now: datetime) -> Iterator[datetime]:
    """The planned ticks of a schedule, from its next one on, that are due."""
    tick = schedule.next_at
    while tick is not None and due_at_of(schedule.id, tick, schedule.plan.jitter) <= now:
        yield tick
        tick = next_tick(schedule.plan, tick)


def overtaken(schedule: Schedule, now: datetime) -> datetime | None:
    """The next tick of a schedule that stands at a later one; None: it stands where its plan says.

    So it does after the clock was ahead: it moved on to ticks that no clock has come to.
    """
    if schedule.next_at is None:
        return None
    latest = next_tick(schedule.plan, now + _STEP_BACK)
    if latest is None or schedule.next_at <= latest:
        return None
    return next_tick(schedule.plan, now)


def shortest_gap(plan: Plan, after: datetime, looked_at: int = 50) -> float:
    """Seconds between the two closest of the next ticks; infinite when there is only one."""
    if plan.interval:
        return plan.interval
    ticks = islice(ticks_after(plan, after), looked_at)
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(ticks)]
    return min(gaps, default=float("inf"))


def in_words(plan: Plan) -> str:
    """The timing for people, as "At 09:00 on Monday (Europe/Berlin)"."""
    words = _every(plan) if plan.interval else f"{cron_line(plan.cron).words()} ({plan.time_zone})"
    return f"{words}, up to {plan.jitter:g} s later" if plan.jitter else words


_UNITS = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))


def _every(plan: Plan) -> str:
    for unit, seconds in _UNITS:
        count = plan.interval / seconds
        if count == int(count) or unit == "second":
            each = f"Every {unit}" if count == 1 else f"Every {count:g} {unit}s"
            break
    start = f", counted from {plan.starts_at:%Y-%m-%d %H:%M:%S} UTC" if plan.starts_at else ""
    return each + start
