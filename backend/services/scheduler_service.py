"""The door to recurring jobs: schedules, their ticks, and when they run next."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from backend.domain.errors import InvalidOption
from backend.domain.schedules.schedule import Plan, Schedule, merged
from backend.domain.schedules.schedule_errors import ScheduleConflict
from backend.domain.schedules.schedule_ports import ScheduleStore
from backend.domain.schedules.schedule_seed import SeedReport
from backend.domain.schedules.schedule_tick import Tick, TickOutcome
from backend.domain.schedules.schedule_view import ScheduleView, StripMark
from backend.domain.text.nearest_name import suggestion
from backend.services.actions.schedules import ScheduleActions
from backend.services.calling.caller import Caller, actor_of
from backend.services.schedules.schedule_editor import ScheduleEditor
from backend.services.schedules.schedule_intake import ScheduleIntake
from backend.services.schedules.schedule_preview import Preview, outlook_of, preview_of
from backend.services.schedules.schedule_seeding import ScheduleSeeding

_MOST_TICKS, _MOST_RUNS = 1000, 100
#: Ticks of a schedule that one glance takes in.
_STRIP = 20


@dataclass(frozen=True, slots=True)
class SchedulerParts:
    """What `SchedulerService` is made of."""

    store: ScheduleStore
    editor: ScheduleEditor
    intake: ScheduleIntake
    seeding: ScheduleSeeding
    #: What people and code change goes through them, and so into the audit log.
    actions: ScheduleActions
    #: Seconds after which an expected tick counts as missing.
    overdue_after: float = 15.0


class SchedulerService:
    """Keeps schedules. With no arguments it is wired from the settings of this process.

    Each change is a row of the audit log, under the name of ``by``: the process's account by default.
    Safe for several threads. Raises `InvalidRequest` for what cannot be and HistoryUnavailable
    while Postgres is away; then nothing was changed.
    """

    def __init__(self, parts: SchedulerParts | None = None) -> None:
        if parts is None:
            from backend.bootstrap import current

            parts = current.platform().scheduler_parts
        self._parts = parts

    def create(
        self,
        name: str,
        job_type: str,
        payload: Mapping[str, Any] | None = None,
        *,
        by: Caller = None,
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
        return self._parts.actions.create(actor_of(by), name, said, reason=reason, paused=paused)

    def upsert(
        self,
        name: str,
        job_type: str,
        payload: Mapping[str, Any] | None = None,
        *,
        by: Caller = None,
        reason: str = "",
        **said: Any,
    ) -> Schedule:
        """Makes the schedule, or changes of it what is given here, as `create` takes it; the rest stays.

        So does its payload where none is given, unless it was another job type's.

        For programs that bring their schedules along at each start: when it is so already nothing is
        written, and of several that start together one makes it.
        """
        said = {"job_type": job_type, "payload": payload, **said}
        parts, actor = self._parts, actor_of(by)
        if parts.store.find(name) is None:
            with suppress(ScheduleConflict):
                return parts.actions.create(actor, name, said, reason=reason)
        seen = self.get(name).schedule
        if payload is None and seen.plan.job_type == job_type:
            del said["payload"]
        if parts.intake.plan(merged(seen.plan, said), parts.store.now()) == seen.plan:
            return seen
        return parts.actions.change(actor, name, said, reason=reason)

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
        self,
        name: str,
        *,
        by: Caller = None,
        reason: str = "",
        revision: int | None = None,
        **said: Any,
    ) -> Schedule:
        """Changes what is given; the rest stays. A new timing holds from now on.

        With ``revision`` it raises `ScheduleConflict` when somebody was faster.
        """
        return self._parts.actions.change(
            actor_of(by), name, said, reason=reason, revision=revision
        )

    def pause(self, name: str, *, by: Caller = None, reason: str = "") -> Schedule:
        """Stops its ticks until it is resumed; what its jobs do already goes on."""
        return self._parts.actions.pause(actor_of(by), name, reason=reason)

    def resume(self, name: str, *, by: Caller = None, reason: str = "") -> Schedule:
        """Lets it tick again from now on; ticks that its pause swallowed are not made up for."""
        return self._parts.actions.resume(actor_of(by), name, reason=reason)

    def delete(self, name: str, *, by: Caller = None, reason: str = "") -> None:
        """Ends it; its ticks stay on record, its name is free again."""
        self._parts.actions.delete(actor_of(by), name, reason=reason)

    def run_now(self, name: str, *, by: Caller = None, reason: str = "") -> str:
        """Runs its job once beside the plan, paused or not; returns the job's id.

        Where a job that is the same is there already, the id is that one's.

        The run is written down before it is enqueued: while Redis is away it is not refused, a
        scheduler enqueues it when Redis is back.
        """
        return self._parts.actions.run_now(actor_of(by), name, reason=reason).job_id

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

        A draft needs ``cron`` or ``interval``; a job type it does not. Of a schedule as it is that cannot
        be read any more (its time zone is gone) it tells what is wrong, and no runs.
        """
        most = _within(count, _MOST_RUNS, "count")
        now = self._parts.store.now()
        plan = self.get(name).schedule.plan if name else Plan(job_type="", starts_at=None)
        if name and not said:
            return outlook_of(plan, now, most)
        plan = self._parts.intake.timing(merged(plan, said), now)
        return preview_of(plan, now, most)

    def sync(self) -> list[SeedReport]:
        """Brings the schedules of the configuration in, and says where the two differ.

        Nothing that people changed is overwritten.
        """
        return self._parts.seeding.sync()

    def let_file_win(self, name: str, *, by: Caller = None, reason: str = "") -> Schedule:
        """Makes a schedule as the configuration says it, over what people changed or deleted."""
        return self._parts.actions.reset(actor_of(by), name, reason=reason)


def _within(number: int, most: int, field: str) -> int:
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= most:
        raise InvalidOption(f"{field} is a whole number from 1 to {most}", field=field)
    return number
