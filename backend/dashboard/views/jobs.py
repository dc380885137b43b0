"""Finding jobs: what is asked stands in the address bar, so that it can be shared."""

from __future__ import annotations

import re
from datetime import UTC, timedelta
from typing import Any

from flask import Response

from backend.api.access.own_jobs import find_own
from backend.api.request.enqueueing import tenant_of
from backend.api.schemas.job_conditions import SearchConditions
from backend.dashboard.request.filter_names import FILTER_NAMES
from backend.dashboard.request.page_context import Visit, link
from backend.dashboard.request.redirect import see_other
from backend.dashboard.request.routes import Routes
from backend.domain.errors import JobNotFound, MigrationError, Unavailable
from backend.domain.jobs.job_filter import JobFilter
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.queue_name import queues_of
from backend.services.finding.search_service import FoundPage

routes = Routes()

#: Parameters of the address bar, beside the state's tab and the page.
FILTERS = (
    "text", "type", "queue", "within", "since", "until", "tag", "worker", "tenant", "trace", "context",
    "environment",
)  # fmt: skip
WITHIN = {
    "hour": ("last hour", timedelta(hours=1)),
    "day": ("last day", timedelta(days=1)),
    "week": ("last week", timedelta(days=7)),
    "month": ("last 30 days", timedelta(days=30)),
}
_JOB_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\S*")
#: The order in which people look, not that of a job's life.
TABS = ("started", "queued", "scheduled", "deferred", "failed", "finished", "canceled")


@routes.page("/search", "jobs.search", has_filter=True)
def jobs(visit: Visit) -> Response:
    """One page of the jobs that match."""
    text = visit.query.get("text", "")
    if _is_job(visit, text):
        return see_other(link(f"/job/{text}"))
    found = visit.parts.search.search(
        filter_of(visit), limit=visit.settings.page_size, cursor=visit.query.get("cursor")
    )
    asked = visit.asked(*FILTERS)
    return visit.show(
        "jobs.html",
        lines=[visit.call.app_state.resources.line(job) for job in found.jobs],
        missing=_missing(found),
        next=found.next,
        asked=asked,
        state=visit.query.get("state", ""),
        tabs=TABS,
        counts=_counts(visit, asked),
        types=[kind.name for kind in visit.parts.catalogue],
        queues=[str(name) for name in queues_of(visit.parts.catalogue.lanes())],
        within=WITHIN,
        is_first="cursor" not in visit.query,
    )


def filter_of(visit: Visit) -> JobFilter:
    """What the address bar asks for; raises `ValidationError` for what cannot be."""
    query = visit.query
    asked: dict[str, Any] = {
        FILTER_NAMES[name]: query[name]
        for name in (*FILTERS, "state")
        if name in query and name != "within"
    }
    _, length = WITHIN.get(query.get("within", ""), ("", None))
    if length:
        asked["since"] = visit.parts.clock.now() - length
    wanted = SearchConditions.model_validate(asked, strict=False)
    return wanted.search(tenant_of(visit.call, wanted.tenant))


def _is_job(visit: Visit, text: str) -> bool:
    """Whether somebody pasted an id: what looks like one, or is one."""
    if not text or len(text) > 64 or not re.fullmatch(r"[A-Za-z0-9_-]+", text):  # noqa: PLR2004
        return False
    if _JOB_ID.fullmatch(text):
        return True
    try:
        find_own(visit.call, text)
    except (JobNotFound, Unavailable, MigrationError):
        return False
    return True


def _missing(found: FoundPage) -> str:
    if "history" not in found.sources:
        return "Postgres does not answer: only what is in Redis now is shown."
    if "live" not in found.sources:
        return "Redis does not answer: this is the record, some moments old."
    if found.as_of is not None:
        return f"The record is as of {found.as_of.astimezone(UTC):%H:%M:%S} UTC."
    return ""


def _counts(visit: Visit, asked: dict[str, str]) -> dict[str, int]:
    """Jobs by state, as Redis counts them: of all, or of one queue. Other filters it cannot count."""
    if set(asked) - {"queue"} or not visit.may("queues.list_queues"):
        return {}
    try:
        states = visit.parts.overview.queues()
    except Unavailable:
        return {}
    mine = [each for each in states if asked.get("queue") in {None, each.name}]
    return {state.value: sum(each.counts[state] for each in mine) for state in JobState}
