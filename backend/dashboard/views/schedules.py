"""Recurring jobs: when they run, what became of each tick, running one now, pausing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response

from backend.api.routers import schedules as api
from backend.api.schemas.base import Because
from backend.api.schemas.schedules import ScheduleDraft, TicksQuery
from backend.dashboard.routes import Routes
from backend.dashboard.visit import Visit, link
from backend.domain.schedule_tick import TickOutcome
from backend.services.schedule_timing import in_words

routes = Routes()


@routes.page("/schedules", "schedules.list_schedules")
def schedules(visit: Visit) -> Response:
    """Every schedule with its next and last run."""
    views = visit.parts.schedules.list_all()
    words = {view.schedule.name: in_words(view.schedule.plan) for view in views}
    return visit.show("schedules.html", views=views, words=words)


@routes.page("/schedules/<name>", "schedules.get")
def schedule(visit: Visit, name: str) -> Response:
    """One schedule: its plan, its next runs, its ticks."""
    outcome = visit.query.get("outcome")
    asked = {"limit": 50, "before": visit.query.get("before"), "outcome": outcome}
    query = TicksQuery.model_validate({key: value for key, value in asked.items() if value})
    ticks = api.ticks(visit.call, name, query)
    return visit.show(
        "schedule.html",
        item=api.get(visit.call, name),
        preview=_preview(visit, name, 8),
        ticks=ticks,
        lines=ticks.items,
        outcomes=[each.value for each in TickOutcome],
        outcome=outcome or "",
    )


@routes.action("/schedules/<name>/run", "schedules.run_now")
def run_schedule(visit: Visit, name: str) -> str:
    """Runs its job once, beside the plan."""
    return _act(visit, name, api.run_now, "run")


@routes.action("/schedules/<name>/pause", "schedules.pause")
def pause_schedule(visit: Visit, name: str) -> str:
    """Stops its ticks."""
    return _act(visit, name, api.pause, "paused")


@routes.action("/schedules/<name>/resume", "schedules.resume")
def resume_schedule(visit: Visit, name: str) -> str:
    """Lets it tick again."""
    return _act(visit, name, api.resume, "resumed")


def _preview(visit: Visit, name: str, count: int) -> Any:
    return api.preview(visit.call, ScheduleDraft(schedule=name, count=count))


def _act(visit: Visit, name: str, action: Callable[..., Any], note: str) -> str:
    action(visit.call, name, Because(reason=visit.form.get("reason", "")))
    return link(f"/schedules/{name}", note=note)
