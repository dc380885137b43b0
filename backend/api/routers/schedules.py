"""Recurring jobs: schedules, their ticks, and when they run next."""

from __future__ import annotations

from backend.api.answer import Answer
from backend.api.call import Call
from backend.api.operation import Router
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
from backend.domain.schedule import Schedule
from backend.domain.schedule_view import ScheduleView

router = Router("schedules", "Schedules")


@router.get("/api/schedules")
def list_schedules(call: Call, query: SchedulesQuery) -> SchedulePage:
    """Every schedule with its next and last tick, and where it differs from the configuration file."""
    views = call.parts.schedules.list_all(overdue=query.overdue)
    return SchedulePage(items=[_detail(call, view) for view in views])


@router.post("/api/schedules", status=201)
def create(call: Call, body: ScheduleRequest) -> Answer[ScheduleResource]:
    """Makes a schedule."""
    said = body.said()
    with call.audit(f"schedule:{body.name}", reason=body.reason) as note:
        made = call.parts.schedules.create(
            body.name,
            said.pop("job_type"),
            said.pop("payload", None),
            by=call.actor,
            reason=body.reason,
            paused=body.paused,
            **said,
        )
        note.did([made.name], after=made.said())
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
    before = call.parts.schedules.get(name).schedule.said()
    with call.audit(f"schedule:{name}", reason=body.reason) as note:
        changed = call.parts.schedules.change(
            name, by=call.actor, reason=body.reason, revision=body.revision, **body.said()
        )
        note.did([name], before=before, after=changed.said())
    return _resource(call, changed)


@router.delete("/api/schedules/{name}", status=204, optional_body=True)
def delete(call: Call, name: ScheduleName, body: Because) -> None:
    """Ends a schedule; its ticks stay on record, its name is free again."""
    with call.audit(f"schedule:{name}", reason=body.reason) as note:
        call.parts.schedules.delete(name, by=call.actor, reason=body.reason)
        note.did([name])


@router.post("/api/schedules/{name}/pause", optional_body=True)
def pause(call: Call, name: ScheduleName, body: Because) -> ScheduleResource:
    """Stops its ticks until it is resumed; what its jobs do already goes on."""
    with call.audit(f"schedule:{name}", reason=body.reason) as note:
        paused = call.parts.schedules.pause(name, by=call.actor, reason=body.reason)
        note.did([name])
    return _resource(call, paused)


@router.post("/api/schedules/{name}/resume", optional_body=True)
def resume(call: Call, name: ScheduleName, body: Because) -> ScheduleResource:
    """Lets it tick again from now on; ticks that its pause swallowed are not made up for."""
    with call.audit(f"schedule:{name}", reason=body.reason) as note:
        resumed = call.parts.schedules.resume(name, by=call.actor, reason=body.reason)
        note.did([name])
    return _resource(call, resumed)


@router.post("/api/schedules/{name}/run", status=202, optional_body=True)
def run_now(call: Call, name: ScheduleName, body: Because) -> Answer[RunReceipt]:
    """Runs its job once beside the plan, paused or not."""
    with call.audit(f"schedule:{name}", reason=body.reason) as note:
        job_id = call.parts.schedules.run_now(name, by=call.actor, reason=body.reason)
        note.did([job_id])
    return Answer(RunReceipt(name=name, job_id=job_id), headers={"Location": f"/api/jobs/{job_id}"})


@router.post("/api/schedules/{name}/reset", optional_body=True)
def reset(call: Call, name: ScheduleName, body: Because) -> ScheduleResource:
    """Makes it as the configuration file says, over what people changed or deleted."""
    with call.audit(f"schedule:{name}", reason=body.reason) as note:
        schedule = call.parts.schedules.let_file_win(name, by=call.actor, reason=body.reason)
        note.did([name], after=schedule.said())
    return _resource(call, schedule)


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
    payload = call.desk.resources.payload(plan.job_type, dict(plan.payload))
    return ScheduleResource.of(schedule, payload)


def _detail(call: Call, view: ScheduleView) -> ScheduleDetail:
    plan = view.schedule.plan
    payload = call.desk.resources.payload(plan.job_type, dict(plan.payload))
    return ScheduleDetail.seen(view, payload)
