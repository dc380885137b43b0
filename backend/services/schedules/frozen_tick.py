"""Whether a tick falls into a freeze of what it would run, and what becomes of it then. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from backend.domain.errors import InvalidOption
from backend.domain.jobs.job import NewJob
from backend.domain.jobs.options.job_labels import labels_of
from backend.domain.schedules.freeze import Freeze, KeptFreeze, TicksInside, Window, things_of
from backend.domain.schedules.schedule_tick import Tick
from backend.services.schedules.freeze_windows import next_window


class FrozenTick(NamedTuple):
    """A tick inside a window of a freeze."""

    freeze: Freeze
    window: Window
    #: Else its job waits for the end.
    is_skipped: bool

    @property
    def words(self) -> str:
        """As its row says it."""
        if self.is_skipped:
            return f"skipped by the freeze {self.freeze.name}"
        return (
            f"held by the freeze {self.freeze.name} until {self.window.ends_at:%Y-%m-%d %H:%M} UTC"
        )


def freeze_of_tick(kept: Iterable[KeptFreeze], job: NewJob, tick: Tick) -> FrozenTick | None:
    """The freeze that such a tick falls into. One that skips goes before one that holds.

    One that a person asked for is never skipped.
    """
    things = things_of(str(job.queue), job.job_type, labels_of(job.options).tenant)
    found = [
        FrozenTick(each.freeze, window, is_skipped=_skips(each.freeze) and not tick.by_hand)
        for each in kept
        if each.freeze.what in things and (window := _around(each.freeze, tick.due_at))
    ]
    return max(found, key=lambda each: (each.is_skipped, each.window.ends_at), default=None)


def _skips(freeze: Freeze) -> bool:
    return freeze.ticks is TicksInside.SKIP


def _around(freeze: Freeze, at: datetime) -> Window | None:
    try:
        window = next_window(freeze, at)
    except InvalidOption:
        # It holds nobody either: the calendar could not read it.
        return None
    return window if window is not None and window.starts_at <= at else None
