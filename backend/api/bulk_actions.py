"""The one shape of all bulk actions: select, then show or act."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from backend.api.call import Call
from backend.api.schemas.bulk import BulkOutcome
from backend.domain.actor import Actor
from backend.services.bulk_service import Selection

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
        sample=[call.desk.resources.line(job) for job in selection.sample],
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
