"""What people, tokens and code do to schedules. Each raises HistoryUnavailable while Postgres is away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from backend.domain.access.actor import Actor
from backend.domain.access.type_rights import permit_types
from backend.domain.jobs.job_type import JobTypeCatalogue
from backend.domain.schedules.schedule import Plan, Schedule, merged
from backend.domain.schedules.schedule_errors import ScheduleConflict
from backend.domain.schedules.schedule_ports import ScheduleStore
from backend.domain.schedules.schedule_seed import SeedReport
from backend.domain.schedules.schedule_tick import ManualRun
from backend.services.actions.action import ActionFamily, action
from backend.services.actions.action_log import ActionLog, Effect
from backend.services.jobs.follow_up_plans import types_that_follow
from backend.services.schedules.schedule_editor import ScheduleEditor
from backend.services.schedules.schedule_intake import ScheduleIntake, checked_name
from backend.services.schedules.schedule_runner import ScheduleRunner
from backend.services.schedules.schedule_seeding import ScheduleSeeding


class ScheduleActions(ActionFamily):
    """Create, change, pause, resume, delete, run now, reset, sync."""

    def __init__(
        self,
        log: ActionLog,
        store: ScheduleStore,
        editor: ScheduleEditor,
        *,
        intake: ScheduleIntake,
        runner: ScheduleRunner,
        seeding: ScheduleSeeding,
        catalogue: JobTypeCatalogue,
    ) -> None:
        super().__init__(log)
        self._store = store
        self._editor = editor
        self._intake = intake
        self._runner = runner
        self._seeding = seeding
        self._catalogue = catalogue

    def _check_types(self, by: Actor, plan: Plan) -> None:
        """Raises `NotAllowed` for a plan that has jobs run which ``by`` may not."""
        names = (plan.job_type, *types_that_follow(plan.options))
        permit_types(by, self._catalogue, names)

    @action("schedules.create", "schedule:{name}")
    def create(
        self,
        by: Actor,
        name: str,
        said: Mapping[str, Any],
        *,
        reason: str = "",
        paused: bool = False,
    ) -> Effect[Schedule]:
        """A new schedule; its first tick is the first of its plan that is still to come."""
        plan = self._intake.plan(said, self._store.now())
        self._check_types(by, plan)
        made = self._editor.add(checked_name(name), plan, by=by.name, paused=paused)
        if made is None:
            raise ScheduleConflict(f"there is a schedule {name!r} already", name=name)
        return Effect(made, [name], after=made.said())

    @action("schedules.change", "schedule:{name}")
    def change(
        self,
        by: Actor,
        name: str,
        said: Mapping[str, Any],
        *,
        reason: str = "",
        revision: int | None = None,
    ) -> Effect[Schedule]:
        """Changes what is given; the rest stays. A new timing holds from now on."""
        before = self._editor.find(name).schedule.said()

        def edit(seen: Schedule, now: datetime) -> Schedule:
            plan = self._intake.plan(merged(seen.plan, said), now)
            self._check_types(by, seen.plan)
            self._check_types(by, plan)
            if plan == seen.plan:
                return seen
            return replace(seen, plan=plan, changed_at=now, changed_by=by.name)

        because = f"changed by {by.name}"
        changed = self._editor.amend(name, edit, because=because, revision=revision)
        return Effect(changed, [name], before=before, after=changed.said())

    @action("schedules.pause", "schedule:{name}")
    def pause(self, by: Actor, name: str, *, reason: str = "") -> Effect[Schedule]:
        """Stops its ticks until it is resumed; what its jobs do already goes on."""

        def edit(seen: Schedule, now: datetime) -> Schedule:
            return seen if seen.is_paused else replace(seen, paused_at=now, paused_by=by.name)

        paused = self._editor.amend(name, edit, because=f"paused by {by.name}")
        return Effect(paused, [name])

    @action("schedules.resume", "schedule:{name}")
    def resume(self, by: Actor, name: str, *, reason: str = "") -> Effect[Schedule]:
        """Lets it tick again from now on; ticks that its pause swallowed are not made up for."""

        def edit(seen: Schedule, _now: datetime) -> Schedule:
            self._check_types(by, seen.plan)
            return replace(seen, paused_at=None, paused_by="")

        resumed = self._editor.amend(name, edit, because=f"resumed by {by.name}")
        return Effect(resumed, [name])

    @action("schedules.delete", "schedule:{name}")
    def delete(self, by: Actor, name: str, *, reason: str = "") -> Effect[None]:
        """Ends it; its ticks stay on record, its name is free again."""

        def edit(seen: Schedule, now: datetime) -> Schedule:
            return replace(seen, deleted_at=now, changed_at=now, changed_by=by.name)

        self._editor.amend(name, edit, because=f"deleted by {by.name}")
        return Effect(None, [name])

    @action("schedules.run_now", "schedule:{name}")
    def run_now(self, by: Actor, name: str, *, reason: str = "") -> Effect[ManualRun]:
        """Runs its job once beside the plan, paused or not; which job that is.

        The run is written down before it is enqueued: while Redis is away it is not refused, a
        scheduler enqueues it when Redis is back.
        """
        schedule = self._editor.find(name).schedule
        self._check_types(by, schedule.plan)
        reason = reason.replace("\0", "")  # Postgres has no such character
        now = self._store.now()
        run = self._runner.fire_by_hand(schedule, now, by=by.name, reason=reason)
        after = {"answered": run.answered} if run.answered else None
        return Effect(run, [run.job_id], after=after)

    @action("schedules.reset", "schedule:{name}")
    def reset(self, by: Actor, name: str, *, reason: str = "") -> Effect[Schedule]:
        """Makes it as the configuration file says, over what people changed or deleted."""
        permit = partial(self._check_types, by)
        schedule = self._seeding.let_file_win(name, by=by.name, permit=permit)
        return Effect(schedule, [name], after=schedule.said())

    @action("schedules.sync", "schedules")
    def sync(self, by: Actor) -> Effect[list[SeedReport]]:
        """Brings the schedules of the configuration file in; overwrites nothing that people changed."""
        reports = self._seeding.sync()
        outcomes = {report.name: report.outcome for report in reports}
        return Effect(reports, list(outcomes), after=outcomes)
