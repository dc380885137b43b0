"""Finding jobs, and what is known about the life of one."""

from __future__ import annotations

from dataclasses import asdict

from backend.api.access.own_jobs import check_own, find_own
from backend.api.http.answer import Answer
from backend.api.http.operation import Router
from backend.api.http.paging import with_links
from backend.api.request.enqueueing import tenant_of
from backend.api.request.request_context import Call
from backend.api.schemas.fields import JobId
from backend.api.schemas.job_actions import Why, WhyCause
from backend.api.schemas.job_search import (
    JobAttempt,
    JobEventLine,
    JobPage,
    JobStory,
    SearchQuery,
)
from backend.domain.errors import JobNotFound
from backend.domain.history.history_record import AttemptRecord, JobHistory

router = Router("jobs", "Jobs")


@router.get("/api/jobs")
def search(call: Call, query: SearchQuery) -> Answer[JobPage]:
    """Searches jobs, live and in the record, the newest first.

    The record is some moments behind: what is too new for it comes first, from Redis. While one of
    the two stores is away the other answers alone; `sources` says who did.
    """
    found = call.parts.search.search(
        query.search(tenant_of(call, query.tenant)),
        limit=query.limit,
        cursor=query.cursor,
        source=query.source,
    )
    page = JobPage(
        items=[call.app_state.resources.line(job) for job in found.jobs],
        sources=list(found.sources),
        next_cursor=found.next,
        as_of=found.as_of,
    )
    return with_links(page, query)


@router.get("/api/jobs/{job_id}/events")
def events(call: Call, job_id: JobId) -> JobStory:
    """Everything on record about a job: each event and each attempt, in order.

    The record is some moments behind; of a job that is too new for it there is nothing yet.
    """
    history = _story_of(call, job_id)
    if history is None:
        return JobStory(id=job_id, events=[], attempts=[])
    return JobStory(
        id=job_id,
        events=[JobEventLine(**line._asdict()) for line in history.timeline],
        attempts=[_attempt(attempt) for attempt in history.attempts],
    )


def _story_of(call: Call, job_id: str) -> JobHistory | None:
    check_own(call, job_id)
    try:
        return call.parts.history.get_job(job_id)
    except JobNotFound:
        find_own(call, job_id)
        return None


def _attempt(attempt: AttemptRecord) -> JobAttempt:
    known = asdict(attempt)
    del known["result"]
    known["log"] = [line._asdict() for line in attempt.log]
    return JobAttempt(**known)


@router.get("/api/jobs/{job_id}/why")
def why(call: Call, job_id: JobId) -> Why:
    """Why a job is not running: what holds it up, and its place in line."""
    explained = call.parts.why.explain_found(find_own(call, job_id), call.who.tenant)
    return Why(
        id=job_id,
        state=explained.state,
        position=explained.position,
        ahead_elsewhere=explained.ahead_elsewhere,
        causes=[WhyCause(**cause._asdict()) for cause in explained.causes],
        text=explained.text,
    )
