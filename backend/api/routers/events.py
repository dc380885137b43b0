"""Domain events: saying that something happened, and what followed from it."""

from __future__ import annotations

import json

from backend.api.answer import Answer
from backend.api.call import Call
from backend.api.operation import Router
from backend.api.schemas.events import EmittedResource, EventRequest, EventResource
from backend.api.schemas.fields import JobId

router = Router("events", "Events")


@router.post("/api/events", status=202, also=(200,))
def emit(call: Call, body: EventRequest) -> Answer[EmittedResource]:
    """Puts an event on record, and enqueues a job for each of its subscriptions.

    `202` says it is new, `200` that the same `event_id` was emitted before.
    """
    details = body.model_dump(exclude={"name", "payload"}, exclude_none=True)
    details.setdefault("trace_id", call.trace.trace_id)
    with call.audit(f"event:{body.name}") as note:
        emitted = call.parts.events.emit_event(body.name, body.payload, **details)
        note.did([emitted.event_id, *emitted.job_ids])
    return Answer(
        EmittedResource(
            event_id=emitted.event_id, job_ids=list(emitted.job_ids), is_new=emitted.is_new
        ),
        status=202 if emitted.is_new else 200,
        headers={"Location": f"/api/events/{emitted.event_id}"},
    )


@router.get("/api/events/{event_id}")
def get(call: Call, event_id: JobId) -> EventResource:
    """One event and the jobs that it led to."""
    found = call.parts.events.get_event(event_id)
    event = found.event
    return EventResource(
        id=event.id,
        name=event.name,
        payload=json.loads(event.payload),
        source=event.source or None,
        tenant=event.tenant or None,
        trace_id=event.trace_id or None,
        context_id=event.context_id or None,
        is_test=event.is_test,
        created_at=event.created_at,
        jobs=dict(found.job_ids),
    )
