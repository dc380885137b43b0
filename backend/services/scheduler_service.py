"""The door to recurring jobs: schedules, their ticks, and when they run next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import structlog

from backend.domain.errors import InvalidOption
from backend.domain.nearest_name import suggestion
from backend.domain.schedule import Plan, Schedule
from backend.domain.schedule_errors import ScheduleConflict
from backend.domain.schedule_ports import ScheduleStore
from backend.domain.schedule_seed import SeedReport
from backend.domain.schedule_tick import Tick, TickOutcome
from backend.domain.schedule_view import ScheduleView, StripMark
from backend.services.job_control import Actor
from backend.services.schedule_editor import ScheduleEditor
from backend.services.schedule_intake import ScheduleIntake, checked_name
from backend.services.schedule_preview import Preview, preview_of
from backend.services.schedule_runner import ScheduleRunner
from backend.services.schedule_seeding import ScheduleSeeding

log = structlog.get_logger("tally.schedules")

_MOST_TICKS, _MOST_RUNS = 1000, 100
#: Ticks of a schedule that one glance takes in.
_STRIP = 20


@dataclass(frozen=True, slots=True)
class SchedulerParts:
    """What `SchedulerService` is made of."""

    store: ScheduleStore
    editor: ScheduleEditor
    intake: ScheduleIntake
    runner: ScheduleRunner
    seeding: ScheduleSeeding
    #: Seconds after which an expected tick counts as missing.
    overdue_after: float = 15.0


class SchedulerService:
    """Keeps schedules. With no arguments it is wired from the settings of this process.

    Safe for several threads. Raises `InvalidRequest` for what cannot be and HistoryUnavailable
    while Postgres is away; then nothing was changed.
    """

    def __init__(self, parts: SchedulerParts | None = None) -> None:
        if parts is None:
            from backend import bootstrap

            parts = bootstrap.platform().scheduler_parts
        self._parts = parts

    def create(
        self,
        name: str,
        job_type: str,
        payload: Mapping[str, Any] | None = None,
        *,
        by: Actor,
        reason: str = "",
        paused: bool = False,
        **said: Any,
    ) -> Schedule:
        """A new schedule; its first tick is the first of its plan that is still to come.

        Says when: ``cron`` (five fields or @daily and the like) or ``interval`` (seconds, counted
        from ``starts_at``); ``time_zone``; ``starts_at`` (a naive one means UTC); ``jitter``
        (seconds). Says what else: ``priority``, ``options`` (as `enqueue_job` takes them),
        ``missed_runs`` (skip, last, all), ``overlap`` (allow, skip).
        """
        said = {"job_type": job_type, "payload": payload, **said}
        plan = self._parts.intake.plan(said, self._parts.store.now())
        schedule = self._parts.editor.add(checked_name(name), plan, by=by.name, paused=paused)
        if schedule is None:
            raise ScheduleConflict(f"there is a schedule {name!r} already", name=name)
        return _noted("created", schedule, by, reason)

    def get(self, name: str) -> ScheduleView:
        """The schedule with its last tick; raises `ScheduleNotFound`."""
        return self._parts.editor.find(name)

    def list_all(self, *, overdue: bool = False) -> list[ScheduleView]:
        """Every schedule by name with its last tick, or only those whose expected tick is missing."""
        views = self._parts.store.all()
        if not overdue:
            return views
        return [view for view in views if view.is_overdue(self._parts.overdue_after)]

    def strips(self, name: str | None = None) -> dict[str, list[StripMark]]:
        """What became of the last 20 ticks of each schedule and of their jobs, the oldest first."""
        return self._parts.store.strips(_STRIP, name)

    def change(
        self, name: str, *, by: Actor, reason: str = "", revision: int | None = None, **said: Any
    ) -> Schedule:
        """Changes what is given; the rest stays. A new timing holds from now on.

        With ``revision`` it raises `ScheduleConflict` when somebody was faster.
        """

        def edit(seen: Schedule, now: datetime) -> Schedule:
            plan = self._parts.intake.plan(_merged(seen.plan, said), now)
            if plan == seen.plan:
                return seen
            return replace(seen, plan=plan, changed_at=now, changed_by=by.name)

        because = f"changed by {by.name}"
        changed = self._parts.editor.amend(name, edit, because=because, revision=revision)
        return _noted("changed", changed, by, reason)

    def pause(self, name: str, *, by: Actor, reason: str = "") -> Schedule:
        """Stops its ticks until it is resumed; what its jobs do already goes on."""

        def edit(seen: Schedule, now: datetime) -> Schedule:
            return seen if seen.is_paused else replace(seen, paused_at=now, paused_by=by.name)

        paused = self._parts.editor.amend(name, edit, because=f"paused by {by.name}")
        return _noted("paused", paused, by, reason)

    def resume(self, name: str, *, by: Actor, reason: str = "") -> Schedule:
        """Lets it tick again from now on; ticks that its pause swallowed are not made up for."""

        def edit(seen: Schedule, _now: datetime) -> Schedule:
            return replace(seen, paused_at=None, paused_by="")

        resumed = self._parts.editor.amend(name, edit, because=f"resumed by {by.name}")
        return _noted("resumed", resumed, by, reason)

    def delete(self, name: str, *, by: Actor, reason: str = "") -> None:
        """Ends it; its ticks stay on record, its name is free again."""

        def edit(seen: Schedule, now: datetime) -> Schedule:
            return replace(seen, deleted_at=now, changed_at=now, changed_by=by.name)

        deleted = self._parts.editor.amend(name, edit, because=f"deleted by {by.name}")
        _noted("deleted", deleted, by, reason)

    def run_now(self, name: str, *, by: Actor, reason: str = "") -> str:
        """Runs its job once beside the plan, paused or not; returns the job's id.

        The run is written down before it is enqueued: while Redis is away it is not refused, a
        scheduler enqueues it when Redis is back.
        """
        view = self.get(name)
        now = self._parts.store.now()
        reason = reason.replace("\0", "")  # Postgres has no such character
        job_id = self._parts.runner.fire_by_hand(view.schedule, now, by=by.name, reason=reason)
        _noted("run", view.schedule, by, reason)
        return job_id

    def ticks(
        self,
        name: str,
        *,
        limit: int = 100,
        before: datetime | None = None,
        outcome: str = "",
    ) -> list[Tick]:
        """What became of its ticks, the newest first; ``before`` an instant, of one outcome only."""
        words = [word.value for word in TickOutcome]
        if outcome and outcome not in words:
            near = suggestion(outcome, words)
            raise InvalidOption(f"there is no outcome {outcome!r}{near}", field="outcome")
        most = _within(limit, _MOST_TICKS, "limit")
        before = before.replace(tzinfo=before.tzinfo or UTC) if before else None
        schedule = self.get(name).schedule
        return self._parts.store.ticks(schedule.id, before=before, outcome=outcome, most=most)

    def preview(self, name: str | None = None, *, count: int = 5, **said: Any) -> Preview:
        """The timing in words and the next runs: of a schedule, of one with changes, or of a draft.

        A draft needs ``cron`` or ``interval``; a job type it does not.
        """
        most = _within(count, _MOST_RUNS, "count")
        now = self._parts.store.now()
        plan = self.get(name).schedule.plan if name else Plan(job_type="", starts_at=None)
        plan = self._parts.intake.timing(_merged(plan, said), now)
        return preview_of(plan, now, most)

    def sync(self) -> list[SeedReport]:
        """Brings the schedules of the configuration in, and says where the two differ.

        Nothing that people changed is overwritten.
        """
        return self._parts.seeding.sync()

    def let_file_win(self, name: str, *, by: Actor, reason: str = "") -> Schedule:
        """Makes a schedule as the configuration says it, over what people changed or deleted."""
        schedule = self._parts.seeding.let_file_win(name, by=by.name)
        return _noted("reset", schedule, by, reason)


def _merged(plan: Plan, said: Mapping[str, Any]) -> dict[str, Any]:
    """The plan with some fields said anew; a cron line takes the place of an interval, and so on."""
    merged = {field: getattr(plan, field) for field in plan.to_dict()}
    if said.get("cron"):
        merged["interval"] = None
    elif said.get("interval"):
        merged["cron"] = None
    return merged | dict(said)


def _within(number: int, most: int, field: str) -> int:
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= most:
        raise InvalidOption(f"{field} is a whole number from 1 to {most}", field=field)
    return number


def _noted(action: str, schedule: Schedule, by: Actor, reason: str) -> Schedule:
    log.info(f"schedule.{action}", schedule=schedule.name, by=by.name, reason=reason)
    return schedule
