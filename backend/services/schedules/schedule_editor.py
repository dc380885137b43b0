"""Writes schedules. What a change drops is written down; what it did not see stops it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from backend.domain.schedules.schedule import Origin, Plan, Schedule
from backend.domain.schedules.schedule_errors import ScheduleConflict, ScheduleNotFound
from backend.domain.schedules.schedule_ports import ScheduleStore
from backend.domain.schedules.schedule_view import ScheduleView
from backend.domain.text.nearest_name import suggestion
from backend.services.schedules.changed_ticks import dropped, moved_on, starting

_TRIES = 10
_LONGEST_SLUG = 30


class ScheduleEditor:
    """Adds and amends schedules."""

    def __init__(self, store: ScheduleStore) -> None:
        self._store = store

    def find(self, name: str) -> ScheduleView:
        """The schedule of this name; raises `ScheduleNotFound` naming the nearest one."""
        view = self._store.find(name)
        if view is None:
            near = suggestion(name, [other.schedule.name for other in self._store.all()])
            raise ScheduleNotFound(f"there is no schedule {name!r}{near}", name=name)
        return view

    def add(
        self,
        name: str,
        plan: Plan,
        *,
        by: str,
        origin: Origin = Origin.PERSON,
        paused: bool = False,
        seeded_as: dict[str, object] | None = None,
    ) -> Schedule | None:
        """A new schedule that starts now, or when its plan says; None when its name is taken."""
        now = self._store.now()
        plan = plan if plan.starts_at else replace(plan, starts_at=now.replace(microsecond=0))
        schedule = Schedule(
            id=_new_id(name),
            name=name,
            plan=plan,
            origin=origin,
            created_at=now,
            created_by=by,
            paused_at=now if paused else None,
            paused_by=by if paused else "",
            seeded_as=seeded_as,
        )
        schedule = starting(schedule, now)
        return schedule if self._store.add(schedule) else None

    def amend(
        self,
        name: str,
        edit: Callable[[Schedule, datetime], Schedule],
        *,
        because: str,
        revision: int | None = None,
    ) -> Schedule:
        """The schedule after ``edit`` of it, which is given the time and may be called again.

        Ticks that had come and that the change drops are written down as skipped ``because``.
        Raises `ScheduleConflict` when ``revision`` is given and is not the schedule's own.
        """
        for _ in range(_TRIES):
            view = self.find(name)
            seen = view.schedule
            if revision is not None and seen.revision != revision:
                raise ScheduleConflict(
                    f"schedule {name!r} is at revision {seen.revision}, you saw {revision}; "
                    f"it was changed by {seen.changed_by}",
                    name=name,
                )
            changed = edit(seen, view.now)
            if changed == seen:
                return seen
            changed = moved_on(seen, changed, view.now)
            passed = dropped(seen, changed, view.now, because)
            if self._store.change(changed, seen, passed):
                return replace(changed, revision=seen.revision + 1)
        raise ScheduleConflict(f"schedule {name!r} changes too fast; try again", name=name)


def _new_id(name: str) -> str:
    """Readable in logs and job ids, and never given twice: a name may be used again."""
    return f"{re.sub('[^A-Za-z0-9_-]', '-', name)[:_LONGEST_SLUG]}-{secrets.token_hex(4)}"
