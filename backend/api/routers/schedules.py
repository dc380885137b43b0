"""Recurring jobs: schedules, their ticks, and when they run next."""

from __future__ import annotations

from backend.api.http.answer import Answer
from backend.api.http.operation import Router
from backend.api.request.request_context import Call
from backend.api.schemas.base import Because
from backend.api.schemas.schedules import (
    RunReceipt,
    RunsPreview,
    ScheduleChange,
    ScheduleDetail,
    ScheduleDraft,
    ScheduleName,
    SchedulePage,
    ScheduleRequest,
    ScheduleResource,
    SchedulesQuery,
    TickLine,
    TickPage,
    TicksQuery,
)
from backend.domain.schedules.schedule import Schedule
from backend.domain.schedules.schedule_view import ScheduleView

router = Router("schedules", "Schedules")


@router.get("/api/schedules")
def list_schedules(call: Call, query: SchedulesQuery) -> SchedulePage:
    """Every schedule with its next and last tick, and where it differs from the configuration file."""
    views = call.parts.schedules.list_all(overdue=query.overdue)
    return SchedulePage(items=[_detail(call, view) for view in views])


@router.post("/api/schedules", status=201)
def create(call: Call, body: ScheduleRequest) -> Answer[ScheduleResource]:
    """Makes a schedule."""
    made = call.actions.schedules.create(
        call.actor, body.name, body.said(), reason=body.reason, paused=body.paused
    )
    return Answer(_resource(call, made), headers={"Location": f"/api/schedules/{made.name}"})


@router.post("/api/schedules/preview")
def preview(call: Call, body: ScheduleDraft) -> RunsPreview:
    """A timing in words and its next runs: of a schedule, of one with changes, or of a draft."""
    found = call.parts.schedules.preview(body.schedule, count=body.count, **body.said())
    return RunsPreview(words=found.words, runs=found.runs)


@router.get("/api/schedules/{name}")
def get(call: Call, name: ScheduleName) -> ScheduleDetail:
    """One schedule."""
    return _detail(call, call.parts.schedules.get(name))


@router.patch("/api/schedules/{name}")
def change(call: Call, name: ScheduleName, body: ScheduleChange) -> ScheduleResource:
    """Changes what is given; the rest stays. A new timing holds from now on."""
    changed = call.actions.schedules.change(
        call.actor, name, body.said(), reason=body.reason, revision=body.revision
    )
    return _resource(call, changed)


@router.delete("/api/schedules/{name}", status=204, optional_body=True)
def delete(call: Call, name: ScheduleName, body: Because) -> None:
    """Ends a schedule; its ticks stay on record, its name is free again."""
    call.actions.schedules.delete(call.actor, name, reason=body.reason)


@router.post("/api/schedules/{name}/pause", optional_body=True)
def pause(call: Call, name: ScheduleName, body: Because) -> ScheduleResource:
    """Stops its ticks until it is resumed; what its jobs do already goes on."""
    return _resource(call, call.actions.schedules.pause(call.actor, name, reason=body.reason))


@router.post("/api/schedules/{name}/resume", optional_body=True)
def resume(call: Call, name: ScheduleName, body: Because) -> ScheduleResource:
    """Lets it tick again from now on; ticks that its pause swallowed are not made up for."""
    return _resource(call, call.actions.schedules.resume(call.actor, name, reason=body.reason))


@router.post("/api/schedules/{name}/run", status=202, optional_body=True)
def run_now(call: Call, name: ScheduleName, body: Because) -> Answer[RunReceipt]:
    """Runs its job once beside the plan, paused or not."""
    run = call.actions.schedules.run_now(call.actor, name, reason=body.reason)
    receipt = RunReceipt(name=name, job_id=run.job_id, answered=run.answered or None)
    return Answer(receipt, headers={"Location": f"/api/jobs/{run.job_id}"})


@router.post("/api/schedules/{name}/reset", optional_body=True)
def reset(call: Call, name: ScheduleName, body: Because) -> ScheduleResource:
    """Makes it as the configuration file says, over what people changed or deleted."""
    return _resource(call, call.actions.schedules.reset(call.actor, name, reason=body.reason))


@router.get("/api/schedules/{name}/ticks")
def ticks(call: Call, name: ScheduleName, query: TicksQuery) -> TickPage:
    """What became of its ticks, the newest first."""
    found = call.parts.schedules.ticks(
        name, limit=query.limit, before=query.before, outcome=query.outcome or ""
    )
    following = found[-1].planned_at if len(found) == query.limit else None
    return TickPage(items=[TickLine.of(tick) for tick in found], next_before=following)


def _resource(call: Call, schedule: Schedule) -> ScheduleResource:
    plan = schedule.plan
    masks = call.app_state.resources
    payload = masks.payload(plan.job_type, dict(plan.payload))
    return ScheduleResource.of(schedule, payload, masks.options(plan.options))


def _detail(call: Call, view: ScheduleView) -> ScheduleDetail:
    plan = view.schedule.plan
    masks = call.app_state.resources
    payload = masks.payload(plan.job_type, dict(plan.payload))
    options, differences = masks.options(plan.options), masks.differences(view)
    return ScheduleDetail.seen(view, payload, options, differences)
