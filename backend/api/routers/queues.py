"""Queues and lanes: looking at them, pausing, resuming, emptying."""

from __future__ import annotations

from backend.api.bulk_actions import done, shown
from backend.api.call import Call
from backend.api.operation import Router
from backend.api.schemas.base import Because
from backend.api.schemas.bulk import BulkOutcome, PurgeRequest
from backend.api.schemas.fields import QueueText
from backend.api.schemas.queues import PauseLine, PauseOutcome, Queue, Queues
from backend.domain.errors import InvalidOption
from backend.domain.queue_name import QueueName

router = Router("queues", "Queues")


@router.get("/api/queues")
def list_queues(call: Call) -> Queues:
    """Every queue: how many jobs are where, since when the oldest waits, and what is paused."""
    states = call.parts.overview.queues()
    now, pauses = call.parts.clock.now(), call.parts.overview.pauses()
    return Queues(
        items=[Queue.of(state, now) for state in states],
        paused=[pause.what for pause in pauses],
        pauses=[PauseLine.of(pause, states) for pause in pauses],
    )


@router.post("/api/queues/{queue}/pause", optional_body=True)
def pause(call: Call, queue: QueueText, body: Because) -> PauseOutcome:
    """Pauses a queue: no worker takes a job from it; what runs goes on."""
    return paused(call, f"queue:{queue}", body.reason)


@router.post("/api/queues/{queue}/resume", optional_body=True)
def resume(call: Call, queue: QueueText, body: Because) -> PauseOutcome:
    """Resumes a queue."""
    return resumed(call, f"queue:{queue}", body.reason)


@router.post("/api/lanes/{lane}/pause", optional_body=True)
def pause_lane(call: Call, lane: QueueText, body: Because) -> PauseOutcome:
    """Pauses a lane: all queues that one family of workers serves."""
    return paused(call, f"lane:{lane}", body.reason)


@router.post("/api/lanes/{lane}/resume", optional_body=True)
def resume_lane(call: Call, lane: QueueText, body: Because) -> PauseOutcome:
    """Resumes a lane."""
    return resumed(call, f"lane:{lane}", body.reason)


@router.post("/api/queues/{queue}/purge")
def purge(call: Call, queue: QueueText, body: PurgeRequest) -> BulkOutcome:
    """Cancels everything that waits in a queue.

    `confirm` must repeat the queue's name. With `dry_run` it only shows how many jobs they are, the
    oldest, and the first ones.
    """
    name = str(QueueName.parse(queue))
    selection = call.parts.bulk.waiting(name)
    if body.dry_run:
        return shown(call, selection)
    if body.confirm != queue:
        raise InvalidOption(f"repeat the queue's name in confirm: {queue!r}", field="confirm")
    with call.audit(f"queue:{name}", reason=body.reason) as note:
        count = call.parts.control.purge(name, by=call.actor, reason=body.reason)
        note.did(selection.ids[:count], affected=count)
    outcome = done(call, selection, selection.ids[:count])
    return outcome.model_copy(update={"count": count, "more": False})


def paused(call: Call, what: str, reason: str) -> PauseOutcome:
    """Pauses a queue, lane or job type, and writes it down."""
    with call.audit(what, reason=reason) as note:
        changed = call.parts.control.pause(what, by=call.actor, reason=reason)
        note.did([what] if changed else [], before={"paused": not changed}, after={"paused": True})
    return PauseOutcome(what=what, paused=True, changed=changed)


def resumed(call: Call, what: str, reason: str) -> PauseOutcome:
    """Resumes a queue, lane or job type, and writes it down."""
    with call.audit(what, reason=reason) as note:
        changed = call.parts.control.resume(what, by=call.actor, reason=reason)
        note.did([what] if changed else [], before={"paused": changed}, after={"paused": False})
    return PauseOutcome(what=what, paused=False, changed=changed)
