"""The one shape of all bulk actions: select, show or act, and write down what was done."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from backend.api.call import Call
from backend.api.schemas.bulk import BulkOutcome
from backend.services.bulk_service import Selection

_MOST_IDS = 1000


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
    what: str,
    selection: Selection,
    action: Callable[[Sequence[str]], Sequence[str]],
    *,
    dry_run: bool,
    reason: str,
) -> BulkOutcome:
    """Shows, or does it and writes it down with the selection's size."""
    if dry_run:
        return shown(call, selection)
    with call.audit(what, reason=reason) as note:
        ids = action(selection.ids) if selection.ids else []
        note.did(ids, before={"selected": len(selection.ids)})
    return done(call, selection, ids)
