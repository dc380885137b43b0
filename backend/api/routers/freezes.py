"""Maintenance windows: looking at them, saying and lifting them."""

from __future__ import annotations

from backend.api.http.operation import Router
from backend.api.request.request_context import Call
from backend.api.schemas.base import Because
from backend.api.schemas.fields import ObjectId
from backend.api.schemas.freezes import FreezeLift, FreezeLine, FreezeRequest, FreezesFound

router = Router("freezes", "Freezes")


@router.get("/api/freezes")
def list_freezes(call: Call) -> FreezesFound:
    """Every maintenance window that was said and not lifted: what it holds, when, and who waits aside."""
    return FreezesFound(items=[FreezeLine.of(state) for state in call.parts.freezes.all()])


@router.post("/api/freezes/{name}")
def set(call: Call, name: ObjectId, body: FreezeRequest) -> FreezeLine:  # noqa: A001 - the action's name
    """Lets nothing of a queue, a lane, a job type or a tenant start in a time, once or by a cron line."""
    state = call.actions.freezes.set(call.actor, body.freeze(name), reason=body.reason)
    return FreezeLine.of(state)


@router.post("/api/freezes/{name}/lift", optional_body=True)
def lift(call: Call, name: ObjectId, body: Because) -> FreezeLift:
    """Ends a maintenance window at once and for good; what waited comes in turn."""
    call.actions.freezes.lift(call.actor, name, reason=body.reason)
    return FreezeLift(name=name)
