"""Brings the schedules of the configuration into the database, and overwrites nothing that people did.

Three things are compared for each field: what the file says, what it said when it was last read, and
what the database holds. A field that nobody touched in the database follows the file; one that somebody
changed stays, and the difference is shown until file and database agree or somebody lets the file win.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from backend.domain.errors import InvalidRequest
from backend.domain.schedules.schedule import Origin, Plan, Schedule
from backend.domain.schedules.schedule_errors import ScheduleConflict, ScheduleNotFound
from backend.domain.schedules.schedule_ports import ScheduleStore
from backend.domain.schedules.schedule_seed import Seed, SeedOutcome, SeedReport
from backend.domain.schedules.schedule_view import Difference, compare
from backend.services.schedules.schedule_editor import ScheduleEditor
from backend.services.schedules.schedule_intake import ScheduleIntake, checked_name
from backend.telemetry.logs.logger import Logger

log = Logger("tally.schedules")

_BY = "configuration"
_EXISTS = "exists"
#: A schedule has one of them: whoever changed one changed both.
_EITHER = frozenset({"cron", "interval"})


class ScheduleSeeding:
    """Reads seeds into the store. May run in several processes at once."""

    def __init__(
        self,
        store: ScheduleStore,
        editor: ScheduleEditor,
        intake: ScheduleIntake,
        seeds: Sequence[Seed],
    ) -> None:
        self._store = store
        self._editor = editor
        self._intake = intake
        self._seeds = {seed.name: seed for seed in seeds}

    def sync(self) -> list[SeedReport]:
        """Brings every seed in; one report a schedule that the file has, or once had."""
        reports = [self._sync_checked(seed) for seed in self._seeds.values()] + self._gone()
        for report in reports:
            _tell(report)
        return reports

    def let_file_win(self, name: str, *, by: str, permit: Callable[[Plan], None]) -> Schedule:
        """Makes a schedule as the file says, whatever people did; also one that was deleted.

        ``permit`` raises for a plan with which ``by`` may do nothing: that of the file, or the one that is
        there.
        """
        seed = self._seeds.get(name)
        if seed is None:
            raise ScheduleNotFound(f"the configuration has no schedule {name!r}", name=name)
        plan = self._plan_of(seed)
        permit(plan)
        said = _said(plan, seed)

        def edit(seen: Schedule, now: datetime) -> Schedule:
            permit(seen.plan)
            return replace(_taken(seen, _differing(said, seen), plan, now, by), seeded_as=said)

        try:
            return self._editor.amend(name, edit, because=f"changed by {by}")
        except ScheduleNotFound:
            return self._create(seed, plan, by) or self._editor.find(name).schedule

    def _sync_checked(self, seed: Seed) -> SeedReport:
        try:
            return self._sync(seed, self._plan_of(seed))
        except ScheduleConflict:
            # Another scheduler reads the same file at the same time.
            return SeedReport(seed.name, SeedOutcome.UNCHANGED)
        except InvalidRequest as error:
            # One wrong line stops one schedule, not the process that runs all the others.
            return SeedReport(seed.name, SeedOutcome.REFUSED, error=str(error))

    def _sync(self, seed: Seed, plan: Plan) -> SeedReport:
        said = _said(plan, seed)
        view = self._store.find(seed.name)
        if view is None:
            return self._sync_missing(seed, plan)
        seen = view.schedule
        if seen.seeded_as is None:
            # A person made it, and the file came to the same name later.
            return _report(seed.name, SeedOutcome.UNCHANGED, said, seen)
        untouched = _untouched(said, seen)
        if not untouched and seen.seeded_as == said:
            return _report(seed.name, SeedOutcome.UNCHANGED, said, seen)
        taken = self._editor.amend(
            seed.name,
            lambda now_seen, now: replace(
                _taken(now_seen, _untouched(said, now_seen), plan, now, _BY), seeded_as=said
            ),
            because="changed in the configuration file",
        )
        outcome = SeedOutcome.CHANGED if untouched else SeedOutcome.UNCHANGED
        return _report(seed.name, outcome, said, taken)

    def _sync_missing(self, seed: Seed, plan: Plan) -> SeedReport:
        deleted = self._store.find_deleted(seed.name)
        if deleted is not None and deleted.seeded_as is not None:
            gone = Difference(seed.name, _EXISTS, in_file=True, in_database=False)
            return SeedReport(seed.name, SeedOutcome.DELETED, (gone,))
        created = self._create(seed, plan, _BY)
        return SeedReport(seed.name, SeedOutcome.CREATED if created else SeedOutcome.UNCHANGED)

    def _create(self, seed: Seed, plan: Plan, by: str) -> Schedule | None:
        return self._editor.add(
            checked_name(seed.name),
            plan,
            by=by,
            origin=seed.origin,
            paused=not seed.is_enabled,
            seeded_as=_said(plan, seed),
        )

    def _gone(self) -> list[SeedReport]:
        return [
            SeedReport(
                view.schedule.name,
                SeedOutcome.GONE,
                (Difference(view.schedule.name, _EXISTS, in_file=False, in_database=True),),
            )
            for view in self._store.all()
            if view.schedule.origin is not Origin.PERSON and view.schedule.name not in self._seeds
        ]

    def _plan_of(self, seed: Seed) -> Plan:
        return self._intake.plan(seed.said, self._store.now())


def _said(plan: Plan, seed: Seed) -> dict[str, Any]:
    """What the file says, as it comes back from the database: JSON has no tuples and no number keys."""
    said: dict[str, Any] = json.loads(
        json.dumps({**plan.to_dict(), "enabled": seed.is_enabled}, default=str)
    )
    return said


def _differing(said: Mapping[str, Any], seen: Schedule) -> dict[str, Any]:
    """What the file says otherwise than the database; what it leaves open (a start) may be anything."""
    has = seen.said()
    return {
        field: value for field, value in said.items() if value is not None and value != has[field]
    }


def _untouched(said: Mapping[str, Any], seen: Schedule) -> dict[str, Any]:
    """The new words of the file for fields where the database still has the old ones."""
    before, has = seen.seeded_as or {}, seen.said()
    touched = {difference.field for difference in compare(seen.name, before, has)}
    if touched & _EITHER:
        touched |= _EITHER
    return {f: value for f, value in _differing(said, seen).items() if f not in touched}


def _taken(
    seen: Schedule, fields: Mapping[str, Any], plan: Plan, now: datetime, by: str
) -> Schedule:
    """The schedule with some fields as the file says them, of which ``plan`` is made."""
    if not fields:
        return seen
    new = {field: getattr(plan, field) for field in fields if field != "enabled"}
    changed = replace(seen, plan=replace(seen.plan, **new), changed_at=now, changed_by=by)
    if "enabled" not in fields:
        return changed
    if fields["enabled"]:
        return replace(changed, paused_at=None, paused_by="")
    return replace(changed, paused_at=now, paused_by=by)


def _report(
    name: str, outcome: SeedOutcome, said: Mapping[str, Any], schedule: Schedule
) -> SeedReport:
    differences = tuple(compare(name, said, schedule.said()))
    if differences and outcome is SeedOutcome.UNCHANGED:
        outcome = SeedOutcome.DIFFERS
    return SeedReport(name, outcome, differences)


def _tell(report: SeedReport) -> None:
    if report.outcome is SeedOutcome.REFUSED:
        log.error("schedule.refused", schedule=report.name, error=report.error)
    elif report.outcome is not SeedOutcome.UNCHANGED:
        fields = [difference.field for difference in report.differences]
        log.info("schedule.seeded", schedule=report.name, outcome=report.outcome, differs=fields)
