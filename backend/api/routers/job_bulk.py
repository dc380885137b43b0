"""Withdrawing many jobs at once."""

from __future__ import annotations

from backend.api.bulk_actions import done, shown
from backend.api.call import Call
from backend.api.enqueueing import tenant_of
from backend.api.operation import Router
from backend.api.own_jobs import check_own
from backend.api.schemas.bulk import BulkCancelRequest, BulkOutcome
from backend.domain.errors import InvalidOption
from backend.services.bulk_service import Selection

router = Router("jobs", "Jobs")


@router.post("/api/jobs/cancel")
def cancel_many(call: Call, body: BulkCancelRequest) -> BulkOutcome:
    """Withdraws many jobs that have not ended, by filter or by id.

    With `dry_run` it only shows how many they are, the oldest, and a few of them.
    """
    selection = _selection(call, body)
    if body.dry_run:
        return shown(call, selection)
    with call.audit("jobs", reason=body.reason) as note:
        canceled = call.parts.bulk.cancel(
            selection.ids, by=call.actor, reason=body.reason, force=body.force
        )
        touched = [*canceled.canceled, *canceled.asked]
        note.did(touched, before={"selected": len(selection.ids)})
    return done(call, selection, touched).model_copy(update={"asked": len(canceled.asked)})


def _selection(call: Call, body: BulkCancelRequest) -> Selection:
    if (body.filter is None) == (body.job_ids is None):
        raise InvalidOption("give a filter or job_ids, one of the two", field="filter")
    if body.filter is not None:
        return call.parts.bulk.select(body.filter.search(tenant_of(call, body.filter.tenant)))
    if call.who.tenant is not None:
        for job_id in body.job_ids or ():
            check_own(call, job_id)
    return call.parts.bulk.chosen(body.job_ids or ())
