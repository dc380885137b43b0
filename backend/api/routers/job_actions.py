"""What people do to one job."""

from __future__ import annotations

from backend.api.http.operation import Router
from backend.api.request.request_context import Call
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
    outcome = call.actions.jobs.cancel(call.actor, job_id, reason=body.reason, force=body.force)
    return Done(id=job_id, outcome=outcome)


@router.post("/api/jobs/{job_id}/retry", optional_body=True, alias="/api/dlq/{job_id}/redrive")
def retry(call: Call, job_id: JobId, body: RetryRequest) -> Done:
    """Sends a dead job back to its queue with all its attempts, with another payload if one is given.

    While a job that is the same holds the key that they share it is refused (`not_unique`), unless
    `anyway`.
    """
    jobs, reason = call.actions.jobs, body.reason
    jobs.retry(call.actor, job_id, reason=reason, payload=body.payload, anyway=body.anyway)
    return Done(id=job_id, outcome="queued")


@router.post("/api/jobs/{job_id}/resolve", optional_body=True)
def resolve(call: Call, job_id: JobId, body: Because) -> Done:
    """Marks a dead job as done by hand: it counts as finished and leaves the dead-letter queue."""
    call.actions.jobs.resolve(call.actor, job_id, reason=body.reason)
    return Done(id=job_id, outcome="finished")


@router.post("/api/jobs/{job_id}/reprioritise")
def reprioritise(call: Call, job_id: JobId, body: ReprioritiseRequest) -> Done:
    """Moves a waiting job to another priority of its lane, to the front of it if asked."""
    queue = call.actions.jobs.reprioritise(
        call.actor, job_id, body.priority, reason=body.reason, front=body.front
    )
    return Done(id=job_id, outcome=queue)


@router.post("/api/jobs/{job_id}/run", optional_body=True)
def run_now(call: Call, job_id: JobId, body: Because) -> Done:
    """Queues a job that waits for its time, or for its next attempt, at once."""
    call.actions.jobs.run_now(call.actor, job_id, reason=body.reason)
    return Done(id=job_id, outcome="queued")
