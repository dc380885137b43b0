"""Domain events: saying that something happened, and what followed from it."""

from __future__ import annotations

import json

from backend.api.http.answer import Answer
from backend.api.http.operation import Router
from backend.api.request.request_context import Call
from backend.api.schemas.events import (
    ContextQuery,
    EmittedResource,
    EventList,
    EventOutcomeLine,
    EventRequest,
    EventResource,
)
from backend.api.schemas.fields import JobId
from backend.domain.events.event_record_ports import RecordedEvent

router = Router("events", "Events")


@router.post("/api/events", status=202, also=(200,))
def emit(call: Call, body: EventRequest) -> Answer[EmittedResource]:
    """Puts an event on record, and enqueues a job for each of its subscriptions.

    `202` says it is new, `200` that the same `event_id` was emitted before.
    """
    details = body.model_dump(exclude={"name", "payload"}, exclude_none=True)
    details.setdefault("trace_id", call.trace.trace_id)
    emitted = call.actions.events.emit(call.actor, body.name, body.payload, **details)
    return Answer(
        EmittedResource(
            event_id=emitted.event_id, job_ids=list(emitted.job_ids), is_new=emitted.is_new
        ),
        status=202 if emitted.is_new else 200,
        headers={"Location": f"/api/events/{emitted.event_id}"},
    )


@router.get("/api/events/{event_id}")
def get(call: Call, event_id: JobId) -> EventResource:
    """One event, the jobs that it led to, and what they came to."""
    return _resource(call, call.parts.events.get_event(event_id))


@router.get("/api/events")
def of_context(call: Call, query: ContextQuery) -> EventList:
    """The events of one context, the newest first, each with what its jobs came to."""
    found = call.parts.events.events_of(query.context_id, query.limit)
    return EventList(items=[_resource(call, each) for each in found])


def _resource(call: Call, found: RecordedEvent) -> EventResource:
    event, masked = found.event, call.app_state.resources.payload
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
        jobs=found.job_ids,
        outcomes=[
            EventOutcomeLine(
                subscription=outcome.subscription,
                job_id=outcome.job_id,
                state=outcome.state,
                result=masked(outcome.job_type, outcome.result),
                error=outcome.last_error or None,
                ended_at=outcome.finished_at,
            )
            for outcome in found.outcomes
        ],
    )
