"""The dead-letter queue: looking through it, sending jobs home, taking them out for good."""

from __future__ import annotations

from functools import partial

from backend.api.http.answer import Answer
from backend.api.http.operation import Router
from backend.api.http.paging import with_links
from backend.api.request.bulk_actions import act, dead_jobs
from backend.api.request.request_context import Call
from backend.api.schemas.base import Because
from backend.api.schemas.bulk import BulkOutcome, DeadBulkRequest, RedriveRequest
from backend.api.schemas.dead_letters import DeadJob, DeadPage, DeadQuery
from backend.api.schemas.fields import JobId
from backend.api.schemas.job_actions import Done

router = Router("dlq", "Dead letters")


@router.get("/api/dlq")
def list_dead(call: Call, query: DeadQuery) -> Answer[DeadPage]:
    """Dead jobs with their errors, the newest first."""
    wanted = query.job_filter(query.tenant)
    found = call.parts.dead_letters.page(wanted, query.limit, query.cursor)
    page = DeadPage(
        items=[
            DeadJob(**call.app_state.resources.job(job).model_dump(), died_at=died_at)
            for job, died_at in found.jobs
        ],
        next_cursor=found.next,
        total=found.total,
    )
    return with_links(page, query)


@router.post("/api/dlq/redrive")
def redrive_many(call: Call, body: RedriveRequest) -> BulkOutcome:
    """Sends dead jobs home with all their attempts: by filter, by id, or `all` of them.

    With `dry_run` it only shows how many they are, the oldest, and a few of them. Those whose key a job
    that is the same holds are left out, unless `anyway`.
    """
    redrive = partial(call.actions.dead_letters.redrive_many, anyway=body.anyway)
    selection = dead_jobs(call, body)
    return act(call, selection, redrive, dry_run=body.dry_run, reason=body.reason)


@router.post("/api/dlq/discard")
def discard_many(call: Call, body: DeadBulkRequest) -> BulkOutcome:
    """Takes dead jobs out for good: by filter, by id, or `all` of them; history keeps them."""
    discard, selection = call.actions.dead_letters.discard_many, dead_jobs(call, body)
    return act(call, selection, discard, dry_run=body.dry_run, reason=body.reason)


@router.post("/api/dlq/{job_id}/discard", optional_body=True)
def discard(call: Call, job_id: JobId, body: Because) -> Done:
    """Takes one dead job out of the dead-letter queue for good; history keeps it."""
    call.actions.dead_letters.discard(call.actor, job_id, reason=body.reason)
    return Done(id=job_id, outcome="failed")
