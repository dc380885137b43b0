"""The one shape of all bulk actions: select, then show or act."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Protocol

from backend.api.access.own_jobs import check_own
from backend.api.request.enqueueing import tenant_of
from backend.api.request.request_context import Call
from backend.api.schemas.bulk import BulkOutcome, DeadBulkRequest, UnendedBulkRequest
from backend.domain.access.actor import Actor
from backend.domain.errors import InvalidOption
from backend.domain.jobs.job_filter import JobFilter
from backend.domain.jobs.job_state import JobState
from backend.services.jobs.bulk_service import DEAD, Selection

_MOST_IDS = 1000


class ManyAction(Protocol):
    """An action on many jobs."""

    def __call__(self, by: Actor, job_ids: Sequence[str], /, *, reason: str) -> Sequence[str]:
        """The ids of those that it touched."""


def shown(call: Call, selection: Selection) -> BulkOutcome:
    """What the action would touch."""
    return BulkOutcome(
        dry_run=True,
        count=len(selection.ids),
        oldest=selection.oldest,
        sample=[call.app_state.resources.line(job) for job in selection.sample],
        job_ids=selection.ids[:_MOST_IDS],
        more=selection.is_partial,
    )


def done(call: Call, selection: Selection, ids: Sequence[str]) -> BulkOutcome:
    """What the action touched."""
    outcome = shown(call, selection)
    return outcome.model_copy(
        update={"dry_run": False, "count": len(ids), "job_ids": list(ids[:_MOST_IDS])}
    )


def act(
    call: Call,
    selection: Selection,
    action: ManyAction,
    *,
    dry_run: bool,
    reason: str,
) -> BulkOutcome:
    """Shows, or does it."""
    if dry_run:
        return shown(call, selection)
    return done(call, selection, action(call.actor, selection.ids, reason=reason))


def unended_jobs(call: Call, body: UnendedBulkRequest, states: Set[JobState]) -> Selection:
    """The jobs that a request means, by filter or by id, that are in one of these states."""
    if (body.filter is None) == (body.job_ids is None):
        raise InvalidOption("give a filter or job_ids, one of the two", field="filter")
    if body.filter is not None:
        search = body.filter.search(tenant_of(call, body.filter.tenant))
        return call.parts.bulk.select(search, states)
    if call.who.tenant is not None:
        for job_id in body.job_ids or ():
            check_own(call, job_id)
    return call.parts.bulk.chosen(body.job_ids or (), states)


def dead_jobs(call: Call, body: DeadBulkRequest) -> Selection:
    """The dead jobs that a request means: by filter, by id, or all."""
    if (body.filter is not None) + (body.job_ids is not None) + body.all != 1:
        raise InvalidOption("give a filter, job_ids, or all: one of the three", field="filter")
    if body.job_ids is not None:
        return call.parts.bulk.chosen(body.job_ids, DEAD)
    wanted = body.filter.job_filter(body.filter.tenant) if body.filter else JobFilter()
    return call.parts.bulk.select_dead(wanted)
