"""Queues and lanes: looking at them, pausing, resuming, emptying."""

from __future__ import annotations

from backend.api.http.operation import Router
from backend.api.request.bulk_actions import done, shown
from backend.api.request.request_context import Call
from backend.api.schemas.base import Because
from backend.api.schemas.bulk import BulkOutcome, PurgeRequest
from backend.api.schemas.fields import QueueText
from backend.api.schemas.queues import (
    FairQueue,
    FairRequest,
    Gate,
    GatesFound,
    LinesOfQueue,
    PauseLine,
    PauseOutcome,
    Queue,
    Queues,
)
from backend.domain.jobs.queue_name import QueueName

router = Router("queues", "Queues")
#: Of a fair queue: there may be a line for each of very many tenants.
_MOST_LINES = 100


@router.get("/api/queues")
def list_queues(call: Call) -> Queues:
    """Every queue: how many jobs are where, since when the oldest waits, and what is paused."""
    states = call.parts.overview.queues()
    now, pauses = call.parts.clock.now(), call.parts.overview.pauses()
    return Queues(
        items=[Queue.of(state, now) for state in states],
        paused=[pause.what for pause in pauses],
        pauses=[PauseLine.of(pause, states) for pause in pauses],
        fair=[FairQueue.of(*rule) for rule in sorted(call.parts.fair_queues.rules().items())],
    )


@router.get("/api/gates")
def list_gates(call: Call) -> GatesFound:
    """What keeps jobs from starting: limits, rates, pauses, freezes; who waits behind which, since when."""
    return GatesFound(items=[Gate.of(line) for line in call.parts.gates.all()])


@router.post("/api/queues/{queue}/pause", optional_body=True)
def pause(call: Call, queue: QueueText, body: Because) -> PauseOutcome:
    """Pauses a queue: no worker takes a job from it; what runs goes on."""
    changed = call.actions.queues.pause(call.actor, queue, reason=body.reason)
    return PauseOutcome(what=f"queue:{queue}", paused=True, changed=changed)


@router.post("/api/queues/{queue}/resume", optional_body=True)
def resume(call: Call, queue: QueueText, body: Because) -> PauseOutcome:
    """Resumes a queue."""
    changed = call.actions.queues.resume(call.actor, queue, reason=body.reason)
    return PauseOutcome(what=f"queue:{queue}", paused=False, changed=changed)


@router.post("/api/queues/{queue}/fair")
def fair(call: Call, queue: QueueText, body: FairRequest) -> FairQueue:
    """Lets the jobs of each tenant, or of another key, take turns in a queue, or no more."""
    set_to = call.actions.queues.fair(call.actor, queue, body.said, reason=body.reason)
    return FairQueue.of(queue, set_to)


@router.get("/api/queues/{queue}/lines")
def lines(call: Call, queue: QueueText) -> LinesOfQueue:
    """The lines of a fair queue: how many jobs of each key wait; the first hundred by their turns."""
    name = str(QueueName.parse(queue))
    return LinesOfQueue.of(name, call.parts.fair_queues.shares(name, _MOST_LINES))


@router.post("/api/lanes/{lane}/pause", optional_body=True)
def pause_lane(call: Call, lane: QueueText, body: Because) -> PauseOutcome:
    """Pauses a lane: all queues that one family of workers serves."""
    changed = call.actions.queues.pause_lane(call.actor, lane, reason=body.reason)
    return PauseOutcome(what=f"lane:{lane}", paused=True, changed=changed)


@router.post("/api/lanes/{lane}/resume", optional_body=True)
def resume_lane(call: Call, lane: QueueText, body: Because) -> PauseOutcome:
    """Resumes a lane."""
    changed = call.actions.queues.resume_lane(call.actor, lane, reason=body.reason)
    return PauseOutcome(what=f"lane:{lane}", paused=False, changed=changed)


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
    taken = call.actions.queues.purge(call.actor, body.confirmed(queue), reason=body.reason)
    outcome = done(call, selection, taken.job_ids)
    return outcome.model_copy(update={"count": taken.jobs, "more": False})
