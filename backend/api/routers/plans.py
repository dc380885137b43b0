"""Looking before leaping: previews, plans, replays and test runs."""

from __future__ import annotations

from backend.api.http.answer import Answer
from backend.api.http.operation import Router
from backend.api.request.enqueueing import (
    audited_replies,
    id_under_key,
    idempotency_key,
    note_enqueued,
    own_of,
    prepared,
    tenant_of,
)
from backend.api.request.pointing import pointing
from backend.api.request.request_context import Call
from backend.api.schemas.fields import JobId, TypeName
from backend.api.schemas.jobs import Accepted, BulkAccepted, BulkItem
from backend.api.schemas.plans import (
    JobPreviewLine,
    PlanRequest,
    PlanResource,
    PreviewRequest,
    RehearsalReceipt,
    RehearsalRequest,
    ReplayRequest,
)
from backend.domain.access.type_rights import permit_type
from backend.domain.errors import Unavailable
from backend.domain.jobs.options.durability import Durability

router = Router("jobs", "Jobs")


@router.post("/api/jobs/preview")
def preview(call: Call, body: PreviewRequest) -> PlanResource:
    """Says what would happen to jobs: queue, time, retries, limits, validity. Enqueues nothing.

    `gates` says what stands before each now, `starts_about` when it may start, `twin` which job would
    be answered in its place.

    When all are valid, `plan` is a token: `POST /api/jobs/enqueue` with it enqueues exactly what was
    shown, for an hour.
    """
    plan = call.parts.previews.preview_jobs(
        [prepared(call, job) for job in body.jobs], own_of(call), call.who.tenant
    )
    kept = body.model_dump_json(exclude_unset=True) if plan.token else ""
    return PlanResource(
        plan=plan.token,
        kept=plan.token is not None and call.parts.plans.keep(plan.token, kept),
        valid=plan.token is not None,
        jobs=[JobPreviewLine.of(each) for each in plan.jobs],
    )


@router.post("/api/jobs/enqueue", status=202)
def enqueue_plan(call: Call, body: PlanRequest) -> BulkAccepted:
    """Enqueues the jobs of a preview; refused when they are not the ones that were shown."""
    jobs = body.jobs
    if jobs is None:
        kept = call.parts.plans.find(body.plan)
        jobs = PreviewRequest.model_validate_json(kept).jobs
    requests = [prepared(call, job) for job in jobs]
    labels = body.labels()
    labels["trace_id"] = call.trace.trace_id
    previews, own = call.parts.previews, own_of(call)
    with pointing(requests, "/jobs"):
        replies = audited_replies(
            call, requests, lambda: previews.enqueue_plan(requests, body.plan, labels, own)
        )
    return BulkAccepted(
        jobs=[BulkItem.of(reply) for reply in replies],
        created=sum(reply.created for reply in replies),
    )


@router.post(
    "/api/jobs/{job_id}/replay",
    status=202,
    also=(200,),
    headers=("Idempotency-Key",),
    optional_body=True,
)
def replay(call: Call, job_id: JobId, body: ReplayRequest) -> Answer[Accepted]:
    """Runs any job of history again, as a new job that names its ancestor.

    `202` says it is new, `200` that a job was there that is the same, or under the same
    `Idempotency-Key`; `answered` says which and why.
    """
    key = idempotency_key(call)
    done = call.actions.jobs.replay(
        call.actor,
        job_id,
        reason=body.reason,
        payload=body.payload,
        priority=body.priority,
        idempotency_key=key,
        new_id=id_under_key(call, key),
    )
    level = Durability.RECORDED if call.parts.accepts_by_outbox else Durability.LOCAL
    twin = done.twin
    return Answer(
        Accepted(
            id=done.job_id,
            created=twin is None,
            replaced=twin is not None and twin.replaced,
            durability=level.value,
            answered=twin.words if twin else None,
        ),
        status=202 if twin is None else 200,
        headers={"Location": f"/api/jobs/{done.job_id}"},
    )


@router.post("/api/jobs/types/{job_type}/test", status=202, optional_body=True)
def test_run(call: Call, job_type: TypeName, body: RehearsalRequest) -> Answer[RehearsalReceipt]:
    """Starts a test run: a real run, flagged so that its handler touches nothing outside."""
    permit_type(call.who, call.parts.catalogue.get(job_type))
    options = body.options()
    options["tenant"] = tenant_of(call, options.get("tenant"))
    options["trace_id"] = call.trace.trace_id
    try:
        receipt = call.parts.rehearsals.test_job(
            job_type, body.payload, body.priority, own=own_of(call), **options
        )
    except Unavailable as refusal:
        note_enqueued(call, refusal.ids_that_may_be_accepted)
        raise
    note_enqueued(call, [receipt.run_id])
    return Answer(
        RehearsalReceipt(**receipt._asdict()), headers={"Location": f"/api/jobs/{receipt.run_id}"}
    )
