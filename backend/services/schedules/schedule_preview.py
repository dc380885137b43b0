"""When a plan will run, shown before and after it is made."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import NamedTuple

from backend.domain.errors import InvalidOption
from backend.domain.schedules.schedule import Plan
from backend.services.schedules.schedule_timing import in_words, ticks_after
from backend.services.schedules.schedule_zones import zone_of


class Preview(NamedTuple):
    """The timing in words, and the next planned ticks in the schedule's own time zone."""

    words: str
    runs: list[datetime]


def preview_of(plan: Plan, after: datetime, count: int) -> Preview:
    """The next ``count`` ticks later than an instant, without their jitter."""
    zone = zone_of(plan.time_zone)
    ticks = islice(ticks_after(plan, after), count)
    return Preview(in_words(plan), [tick.astimezone(zone) for tick in ticks])


def outlook_of(plan: Plan, after: datetime, count: int) -> Preview:
    """As `preview_of`; of a plan that cannot be read any more, what is wrong with it and no ticks."""
    try:
        return preview_of(plan, after, count)
    except InvalidOption as error:
        return Preview(str(error), [])


def words_of(plan: Plan) -> str:
    """The timing in words, or what is wrong with it."""
    try:
        return in_words(plan)
    except InvalidOption as error:
        return str(error)
