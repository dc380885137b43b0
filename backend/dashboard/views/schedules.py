"""Recurring jobs: when they run, what became of each tick, running one now, pausing, changing them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from flask import Response

from backend.api.routers import schedules as api
from backend.api.schemas.base import Because
from backend.api.schemas.schedules import (
    ScheduleChange,
    ScheduleDraft,
    ScheduleRequest,
    TicksQuery,
)
from backend.dashboard.request.edited_payload import destinations_of, edited_payload
from backend.dashboard.request.page_context import Visit, link
from backend.dashboard.request.routes import Routes
from backend.domain.jobs.queue_name import Priority
from backend.domain.schedules.schedule import MissedRuns, Overlap
from backend.domain.schedules.schedule_tick import TickOutcome
from backend.services.schedules.schedule_preview import words_of

routes = Routes()
#: What the fields of a plan can be.
_WORDS = {"priorities": Priority, "missed_runs": MissedRuns, "overlaps": Overlap}
_PLAN = ("cron", "interval", "time_zone", "priority", "missed_runs", "overlap", "jitter", "reason")


@routes.page("/schedules", "schedules.list_schedules")
def schedules(visit: Visit) -> Response:
    """Every schedule with its next and last run."""
    views = visit.parts.schedules.list_all()
    words = {view.schedule.name: words_of(view.schedule.plan) for view in views}
    types = sorted(each.name for each in visit.parts.catalogue)
    return visit.show(
        "schedules.html",
        views=views,
        words=words,
        types=types,
        plan_words=_WORDS,
        strips=visit.parts.schedules.strips(),
    )


@routes.page("/schedules/<name>", "schedules.get", has_filter=True)
def schedule(visit: Visit, name: str) -> Response:
    """One schedule: its plan, its next runs, its ticks."""
    outcome = visit.query.get("outcome")
    asked = {"limit": 50, "before": visit.query.get("before"), "outcome": outcome}
    query = TicksQuery.model_validate({key: value for key, value in asked.items() if value})
    ticks = api.ticks(visit.call, name, query)
    strip = visit.parts.schedules.strips(name).get(name, [])
    return visit.show(
        "schedule.html",
        item=api.get(visit.call, name),
        preview=_preview(visit, name, 8),
        ticks=ticks,
        lines=ticks.items,
        outcomes=[each.value for each in TickOutcome],
        outcome=outcome or "",
        strip=strip,
        states={mark.job_id: mark.words for mark in strip},
        plan_words=_WORDS,
    )


@routes.action("/schedules", "schedules.create")
def create_schedule(visit: Visit) -> str:
    """Makes one."""
    said = {name: visit.form.get(name, "") for name in ("name", "job_type")} | _said(visit)
    body = ScheduleRequest.model_validate(said)
    made = visit.actions.schedules.create(
        visit.actor, body.name, body.said(), reason=body.reason, paused=body.paused
    )
    return link(f"/schedules/{made.name}", note="made")


@routes.action("/schedules/<name>/change", "schedules.change")
def change_schedule(visit: Visit, name: str) -> str:
    """Changes its plan, unless somebody else did so since the form was drawn."""
    plan = visit.parts.schedules.get(name).schedule.plan
    destinations = destinations_of(visit.parts.catalogue, plan.job_type)
    said = {"revision": visit.form.get("revision"), **_said(visit, plan.payload, destinations)}
    body = ScheduleChange.model_validate(said)
    visit.actions.schedules.change(
        visit.actor, name, body.said(), reason=body.reason, revision=body.revision
    )
    return link(f"/schedules/{name}", note="changed")


@routes.action("/schedules/<name>/delete", "schedules.delete")
def delete_schedule(visit: Visit, name: str) -> str:
    """Ends it."""
    because = Because(reason=visit.must_say_why())
    visit.actions.schedules.delete(visit.actor, name, reason=because.reason)
    return link("/schedules", note="deleted")


@routes.action("/schedules/<name>/run", "schedules.run_now")
def run_schedule(visit: Visit, name: str) -> str:
    """Runs its job once, beside the plan."""
    return _act(visit, name, visit.actions.schedules.run_now, "run")


@routes.action("/schedules/<name>/pause", "schedules.pause")
def pause_schedule(visit: Visit, name: str) -> str:
    """Stops its ticks."""
    return _act(visit, name, visit.actions.schedules.pause, "paused")


@routes.action("/schedules/<name>/resume", "schedules.resume")
def resume_schedule(visit: Visit, name: str) -> str:
    """Lets it tick again."""
    return _act(visit, name, visit.actions.schedules.resume, "resumed")


def _preview(visit: Visit, name: str, count: int) -> Any:
    return api.preview(visit.call, ScheduleDraft(schedule=name, count=count))


def _said(
    visit: Visit, before: Mapping[str, Any] | None = None, destinations: Collection[str] = ()
) -> dict[str, Any]:
    """What a form says of a plan; what was left empty stays as it is."""
    said: dict[str, Any] = {name: visit.form[name] for name in _PLAN if name in visit.form}
    if "payload" in visit.form:
        said["payload"] = edited_payload(visit.form["payload"], before or {}, destinations)
    return said


def _act(visit: Visit, name: str, action: Callable[..., Any], note: str) -> str:
    action(visit.actor, name, reason=Because(reason=visit.reason).reason)
    return link(f"/schedules/{name}", note=note)
