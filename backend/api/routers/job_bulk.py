"""What people do to many jobs that have not ended."""

from __future__ import annotations

from backend.api.http.operation import Router
from backend.api.request.bulk_actions import act, done, shown, unended_jobs
from backend.api.request.request_context import Call
from backend.api.schemas.bulk import BulkCancelRequest, BulkOutcome, UnendedBulkRequest
from backend.services.jobs.bulk_service import SCHEDULED, UNENDED

router = Router("jobs", "Jobs")


@router.post("/api/jobs/cancel")
def cancel_many(call: Call, body: BulkCancelRequest) -> BulkOutcome:
    """Withdraws many jobs that have not ended, by filter or by id.

    With `dry_run` it only shows how many they are, the oldest, and a few of them.
    """
    selection = unended_jobs(call, body, UNENDED)
    if body.dry_run:
        return shown(call, selection)
    canceled = call.actions.many_jobs.cancel_many(
        call.actor, selection.ids, reason=body.reason, force=body.force
    )
    touched = [*canceled.canceled, *canceled.asked]
    return done(call, selection, touched).model_copy(update={"asked": len(canceled.asked)})


@router.post("/api/jobs/run")
def run_many(call: Call, body: UnendedBulkRequest) -> BulkOutcome:
    """Queues many jobs that wait for their time, or for their next attempt, at once: by filter or by id.

    With `dry_run` it only shows how many they are, the oldest, and a few of them.
    """
    selection, run = unended_jobs(call, body, SCHEDULED), call.actions.many_jobs.run_many
    return act(call, selection, run, dry_run=body.dry_run, reason=body.reason)
