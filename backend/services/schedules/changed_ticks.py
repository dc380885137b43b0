"""What a change of a schedule does to its ticks: which stays, which are dropped. Pure.

A new timing, a pause and a deletion hold from now on. A tick whose time has come and that waits only for
its jitter is kept where the new timing has it as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice, takewhile

from backend.domain.errors import InvalidOption
from backend.domain.schedules.schedule import TIMING_FIELDS, MissedRuns, Schedule
from backend.domain.schedules.schedule_tick import Tick, TickOutcome, due_at_of
from backend.services.schedules.schedule_timing import next_tick, ticks_after

#: Ticks that a change writes down as skipped; more only pile up while no scheduler runs.
_DROPPED = 1000
_INSTANT = timedelta(microseconds=1)


def starting(schedule: Schedule, after: datetime) -> Schedule:
    """The schedule with the first tick later than an instant as its next; stopped: with none."""
    if schedule.is_paused or schedule.deleted_at is not None:
        return replace(schedule, next_at=None, next_due_at=None)
    next_at = next_tick(schedule.plan, after)
    due_at = due_at_of(schedule.id, next_at, schedule.plan.jitter) if next_at else None
    return replace(schedule, next_at=next_at, next_due_at=due_at)


def moved_on(seen: Schedule, changed: Schedule, now: datetime) -> Schedule:
    """A new timing, a pause or its end starts from now; any other change leaves the next tick alone."""
    same_timing = all(getattr(seen.plan, f) == getattr(changed.plan, f) for f in TIMING_FIELDS)
    goes_on = changed.is_paused == seen.is_paused and changed.deleted_at is None
    if same_timing and goes_on:
        return changed
    held = _held_by_jitter(seen, now)
    if held is not None and _still_runs(changed, held, now):
        return starting(changed, held - _INSTANT)
    return starting(changed, now)


def dropped(seen: Schedule, changed: Schedule, now: datetime, because: str) -> list[Tick]:
    """A skipped one for each tick that had come and that the change passes over."""
    if changed.next_at == seen.next_at:
        return []
    kept = changed.next_at
    passed = takewhile(lambda tick: tick <= now and (kept is None or tick < kept), _known(seen))
    return [
        Tick(
            seen.id,
            planned_at,
            due_at_of(seen.id, planned_at, seen.plan.jitter),
            TickOutcome.SKIPPED,
            reason=because,
        )
        for planned_at in islice(passed, _DROPPED)
    ]


def _held_by_jitter(seen: Schedule, now: datetime) -> datetime | None:
    if seen.next_at is None:
        return None
    with suppress(InvalidOption):
        for tick in ticks_after(seen.plan, now - timedelta(seconds=seen.plan.jitter)):
            if tick > now:
                break
            if tick >= seen.next_at and due_at_of(seen.id, tick, seen.plan.jitter) > now:
                return tick
    return None


def _still_runs(changed: Schedule, tick: datetime, now: datetime) -> bool:
    """Whether the new timing has a tick too, and does not take it for one that nobody fired."""
    if next_tick(changed.plan, tick - _INSTANT) != tick:
        return False
    is_ahead = due_at_of(changed.id, tick, changed.plan.jitter) > now
    return is_ahead or changed.plan.missed_runs is not MissedRuns.SKIP


def _known(seen: Schedule) -> Iterator[datetime]:
    """Its ticks; where its zone or cron line cannot be read any more, the one that is on record."""
    if seen.next_at is None:
        return
    yield seen.next_at
    with suppress(InvalidOption):
        yield from ticks_after(seen.plan, seen.next_at)
