"""What people do to one job."""

from __future__ import annotations

from backend.api.call import Call
from backend.api.operation import Router
from backend.api.own_jobs import check_own, permit_again
from backend.api.schemas.base import Because
from backend.api.schemas.fields import JobId
from backend.api.schemas.job_actions import (
    CancelRequest,
    Done,
    ReprioritiseRequest,
    RetryRequest,
)

router = Router("jobs", "Jobs")


@router.post("/api/jobs/{job_id}/cancel", optional_body=True)
def cancel(call: Call, job_id: JobId, body: CancelRequest) -> Done:
    """Withdraws a job.

    A waiting one is canceled at once. A running one is asked to stop (`asked`); with `force` it is
    stopped hard.
    """
    check_own(call, job_id)
    with call.audit(f"job:{job_id}", reason=body.reason) as entry:
        outcome = call.parts.control.cancel(
            job_id, by=call.actor, reason=body.reason, force=body.force
        )
        entry.did([job_id], after={"outcome": outcome})
    return Done(id=job_id, outcome=outcome)


@router.post("/api/jobs/{job_id}/retry", optional_body=True)
def retry(call: Call, job_id: JobId, body: RetryRequest) -> Done:
    """Sends a dead job back to its queue with all its attempts, with another payload if one is given."""
    permit_again(call, job_id)
    with call.audit(f"job:{job_id}", reason=body.reason) as entry:
        call.parts.control.redrive(job_id, by=call.actor, reason=body.reason, payload=body.payload)
        entry.did([job_id], after={"payload_changed": body.payload is not None})
    return Done(id=job_id, outcome="queued")


@router.post("/api/jobs/{job_id}/resolve", optional_body=True)
def resolve(call: Call, job_id: JobId, body: Because) -> Done:
    """Marks a dead job as done by hand: it counts as finished and leaves the dead-letter queue."""
    check_own(call, job_id)
    with call.audit(f"job:{job_id}", reason=body.reason) as entry:
        call.parts.control.resolve(job_id, by=call.actor, reason=body.reason)
        entry.did([job_id])
    return Done(id=job_id, outcome="finished")


@router.post("/api/jobs/{job_id}/reprioritise")
def reprioritise(call: Call, job_id: JobId, body: ReprioritiseRequest) -> Done:
    """Moves a waiting job to another priority of its lane, to the front of it if asked."""
    check_own(call, job_id)
    with call.audit(f"job:{job_id}", reason=body.reason) as entry:
        queue = call.parts.control.reprioritise(
            job_id, body.priority, by=call.actor, reason=body.reason, front=body.front
        )
        entry.did([job_id], after={"queue": queue})
    return Done(id=job_id, outcome=queue)


@router.post("/api/jobs/{job_id}/run", optional_body=True)
def run_now(call: Call, job_id: JobId, body: Because) -> Done:
    """Queues a job that waits for its time, or for its next attempt, at once."""
    check_own(call, job_id)
    with call.audit(f"job:{job_id}", reason=body.reason) as entry:
        queue = call.parts.control.run_now(job_id, by=call.actor, reason=body.reason)
        entry.did([job_id], after={"queue": queue})
    return Done(id=job_id, outcome="queued")
