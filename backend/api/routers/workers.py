"""Worker processes: who they are, stopping one, clearing what the dead left behind."""

from __future__ import annotations

from backend.api.http.operation import Router
from backend.api.request.request_context import Call
from backend.api.schemas.base import Because
from backend.api.schemas.fields import ObjectId
from backend.api.schemas.workers import ClearOutcome, ClearRequest, StopOutcome, Worker, Workers

router = Router("workers", "Workers")


@router.get("/api/jobs/workers")
def list_workers(call: Call) -> Workers:
    """Every worker process on record, with its slots, jobs and last heartbeat."""
    workers = call.parts.workers.at_work()
    alive = [worker for worker in workers if worker.state != "lost"]
    return Workers(
        items=[Worker.of(worker) for worker in workers],
        alive=len(alive),
        slots=sum(worker.slots for worker in alive),
        busy_slots=sum(worker.busy_slots for worker in alive),
    )


@router.post(
    "/api/jobs/workers/{name}/stop",
    optional_body=True,
    alias="/api/jobs/workers/{name}/recycle",
)
def stop(call: Call, name: ObjectId, body: Because) -> StopOutcome:
    """Asks a worker process to finish what it runs and end.

    A supervisor starts another in its place, so this is also how one is recycled. To stop
    work for good, pause the lane.
    """
    is_heard = call.actions.workers.stop(call.actor, name, reason=body.reason)
    return StopOutcome(name=name, outcome="asked" if is_heard else "not listening")


@router.post("/api/jobs/workers/clear-stale", optional_body=True)
def clear_stale(call: Call, body: ClearRequest) -> ClearOutcome:
    """Takes away the records of worker processes that are gone. Touches no job."""
    if body.dry_run:
        names = [worker.name for worker in call.parts.workers.stale()]
        return ClearOutcome(dry_run=True, names=names)
    names = call.actions.workers.clear_stale(call.actor, reason=body.reason)
    return ClearOutcome(dry_run=False, names=names)
