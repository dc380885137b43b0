"""What people do to many jobs that have not ended."""

from __future__ import annotations

from collections.abc import Set

from backend.api.bulk_actions import act, done, shown
from backend.api.call import Call
from backend.api.enqueueing import tenant_of
from backend.api.operation import Router
from backend.api.own_jobs import check_own
from backend.api.schemas.bulk import BulkCancelRequest, BulkOutcome, UnendedBulkRequest
from backend.domain.errors import InvalidOption
from backend.domain.job_state import JobState
from backend.services.bulk_service import SCHEDULED, UNENDED, Selection

router = Router("jobs", "Jobs")


@router.post("/api/jobs/cancel")
def cancel_many(call: Call, body: BulkCancelRequest) -> BulkOutcome:
    """Withdraws many jobs that have not ended, by filter or by id.

    With `dry_run` it only shows how many they are, the oldest, and a few of them.
    """
    selection = _selection(call, body, UNENDED)
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
    selection, run = _selection(call, body, SCHEDULED), call.actions.many_jobs.run_many
    return act(call, selection, run, dry_run=body.dry_run, reason=body.reason)


def _selection(call: Call, body: UnendedBulkRequest, states: Set[JobState]) -> Selection:
    if (body.filter is None) == (body.job_ids is None):
        raise InvalidOption("give a filter or job_ids, one of the two", field="filter")
    if body.filter is not None:
        search = body.filter.search(tenant_of(call, body.filter.tenant))
        return call.parts.bulk.select(search, states)
    if call.who.tenant is not None:
        for job_id in body.job_ids or ():
            check_own(call, job_id)
    return call.parts.bulk.chosen(body.job_ids or (), states)
