"""Enqueueing jobs and looking at them."""

from __future__ import annotations

from backend.api.access.own_jobs import find_own
from backend.api.http.answer import Answer
from backend.api.http.api_errors import ResultNotReady
from backend.api.http.operation import Router
from backend.api.request.enqueueing import accept
from backend.api.request.request_context import Call
from backend.api.schemas.fields import JobId
from backend.api.schemas.jobs import (
    Accepted,
    BulkAccepted,
    BulkItem,
    BulkRequest,
    EnqueueRequest,
    JobResource,
    JobResult,
)
from backend.domain.errors import InvalidOption
from backend.domain.history.recorded_view import lost_result
from backend.domain.jobs.job import JobView
from backend.domain.jobs.job_state import JobState

router = Router("jobs", "Jobs")
_CREATED, _ALREADY_THERE = 202, 200


@router.post("/api/jobs", status=_CREATED, also=(200,), headers=("Idempotency-Key", "Prefer"))
def enqueue(call: Call, body: EnqueueRequest) -> Answer[Accepted]:
    """Enqueues one job.

    Once it is answered, the job will not be lost. `202` says it is new, `200` that it was there
    already (same `Idempotency-Key`, `idempotency_key` or `job_id`), or one that is the same (`unique`).
    With `Prefer: wait=5` the answer is held back until the job has ended, at most so many seconds, and
    carries the job.
    """
    reply = accept(call, [body])[0]
    waited = call.app_state.waiting.wait(
        reply.id, call.app_state.waiting.seconds_asked(call.headers.get("Prefer"))
    )
    headers = {"Location": f"/api/jobs/{reply.id}"}
    if call.headers.get("Prefer") and waited is not None:
        headers["Preference-Applied"] = "wait"
    done = waited is not None or not reply.created
    return Answer(
        Accepted(
            id=reply.id,
            state=waited.state if waited else None,
            created=reply.created,
            replaced=reply.replaced,
            durability=reply.durability.value,
            job=call.app_state.resources.job(waited) if waited else None,
        ),
        status=_ALREADY_THERE if done else _CREATED,
        headers=headers,
    )


@router.post("/api/jobs/bulk", status=_CREATED, headers=("Idempotency-Key",))
def enqueue_bulk(call: Call, body: BulkRequest) -> BulkAccepted:
    """Enqueues many jobs, in the order given.

    All are checked before the first is accepted. A refusal for lack of room says in
    `details.accepted` how many from the start were taken.
    """
    most = call.parts.settings.max_bulk
    if len(body.jobs) > most:
        raise InvalidOption(f"at most {most} jobs in one request", field="jobs")
    replies = accept(call, body.jobs, within="/jobs")
    return BulkAccepted(
        jobs=[BulkItem.of(reply) for reply in replies],
        created=sum(reply.created for reply in replies),
    )


@router.get("/api/jobs/{job_id}", etag=True, headers=("Prefer", "If-None-Match"))
def get(call: Call, job_id: JobId) -> Answer[JobResource]:
    """One job: live while Redis knows it, from the record after that."""
    found = find_own(call, job_id)
    seconds = call.app_state.waiting.seconds_asked(call.headers.get("Prefer"))
    if seconds and isinstance(found, JobView) and not found.state.is_final:
        waited = call.app_state.waiting.wait(job_id, seconds)
        if waited is not None:
            return Answer(
                call.app_state.resources.job(waited), headers={"Preference-Applied": "wait"}
            )
        found = find_own(call, job_id)
    if isinstance(found, JobView) and found.is_result_lost:
        raise lost_result(found)
    standing = call.parts.standing(found)
    return Answer(call.app_state.resources.beside_others(found, standing))


@router.get("/api/jobs/{job_id}/result", etag=True, headers=("Prefer", "If-None-Match"))
def result(call: Call, job_id: JobId) -> JobResult:
    """What a job that ended came to: its result, or why it was given up."""
    job = get(call, job_id).body
    if not JobState(job.state).is_final:
        raise ResultNotReady(f"job {job_id} is {job.state}; it has no result yet", job_id=job_id)
    return JobResult(
        id=job.id, state=job.state, result=job.result, error=job.error, ended_at=job.ended_at
    )
