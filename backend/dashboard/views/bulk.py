"""Acting on many jobs: first what it would touch, then a reason, then it is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, request

from backend.api.routers.dead_letters import discard_many, redrive_many
from backend.api.routers.job_bulk import cancel_many, run_many
from backend.api.schemas.bulk import (
    BulkCancelRequest,
    BulkOutcome,
    DeadBulkRequest,
    UnendedBulkRequest,
)
from backend.dashboard.redirect import see_other
from backend.dashboard.routes import Routes
from backend.dashboard.views.jobs import WITHIN
from backend.dashboard.visit import Visit, link
from backend.domain.errors import InvalidOption

routes = Routes()

_UNENDED = {"type": "job_type", "queue": "queue", "state": "state", "tag": "tag", "tenant": "tenant",
            "trace": "trace_id", "context": "context_id", "environment": "environment",
            "worker": "worker", "text": "error", "since": "since", "until": "until"}  # fmt: skip
_DEAD = {"type": "job_type", "queue": "queue", "tag": "tag", "tenant": "tenant", "trace": "trace_id",
         "context": "context_id", "environment": "environment", "worker": "worker",
         "error": "error", "text": "error",
         "kind": "error_kind", "since": "since", "until": "until", "after": "after",
         "before": "before"}  # fmt: skip
#: What each action is called here, and what its notice says.
WORDS = {
    "cancel": ("Cancel", "canceled"),
    "run": ("Run", "hastened"),
    "redrive": ("Redrive", "queued"),
    "discard": ("Discard", "discarded"),
}


@routes.page("/bulk/cancel", "jobs.cancel_many")
def preview_cancel(visit: Visit) -> Response:
    """What canceling would touch."""
    return _preview(
        visit, "cancel", _UNENDED, lambda: cancel_many(visit.call, _cancel(visit, dry_run=True))
    )


@routes.page("/bulk/run", "jobs.run_many")
def preview_run(visit: Visit) -> Response:
    """What would run before it is due."""
    return _preview(visit, "run", _UNENDED, lambda: run_many(visit.call, _run(visit, dry_run=True)))


@routes.page("/bulk/redrive", "dlq.redrive_many")
def preview_redrive(visit: Visit) -> Response:
    """What redriving would touch."""
    return _preview(
        visit, "redrive", _DEAD, lambda: redrive_many(visit.call, _dead(visit, dry_run=True))
    )


@routes.page("/bulk/discard", "dlq.discard_many")
def preview_discard(visit: Visit) -> Response:
    """What discarding would touch."""
    return _preview(
        visit, "discard", _DEAD, lambda: discard_many(visit.call, _dead(visit, dry_run=True))
    )


@routes.action("/bulk/cancel", "jobs.cancel_many")
def bulk_cancel(visit: Visit) -> str:
    """Withdraws them."""
    return _done(visit, "cancel", cancel_many(visit.call, _cancel(visit, dry_run=False)))


@routes.action("/bulk/run", "jobs.run_many")
def bulk_run(visit: Visit) -> str:
    """Queues them before they are due."""
    return _done(visit, "run", run_many(visit.call, _run(visit, dry_run=False)))


@routes.action("/bulk/redrive", "dlq.redrive_many")
def bulk_redrive(visit: Visit) -> str:
    """Sends them home."""
    return _done(visit, "redrive", redrive_many(visit.call, _dead(visit, dry_run=False)))


@routes.action("/bulk/discard", "dlq.discard_many")
def bulk_discard(visit: Visit) -> str:
    """Takes them out for good."""
    return _done(visit, "discard", discard_many(visit.call, _dead(visit, dry_run=False)))


def _preview(
    visit: Visit, action: str, names: dict[str, str], look: Callable[[], BulkOutcome]
) -> Response:
    if not request.args:
        return see_other(link("/search"))
    if bounds := _bounds(visit, names):
        kept = {name: value for name, value in visit.query.items() if name not in {"within", "all"}}
        return see_other(link(f"/bulk/{action}", kept | bounds))
    return visit.show(
        "bulk.html",
        action=action,
        words=WORDS[action][0],
        outcome=look(),
        back=_back(visit, action, names),
        chosen=[(name, value) for name, value in request.args.items(multi=True) if value],
    )


def _back(visit: Visit, action: str, names: dict[str, str]) -> str:
    """The list that the selection was made in, under the same conditions."""
    asked = {name: visit.query[name] for name in (*names, "state") if name in visit.query}
    is_dead = action in {"redrive", "discard"} and "text" not in asked and "state" not in asked
    return link("/dead" if is_dead else "/search", asked)


def _bounds(visit: Visit, names: dict[str, str]) -> dict[str, str]:
    """Instants in the place of "the last hour" and of no end; empty when the address has them.

    Else jobs that come in between the preview and the action would be touched and were never seen.
    """
    asked, end = set(visit.query), "before" if "before" in names else "until"
    # Without any condition an end would be one, and everything would match it.
    if "id" in asked or end in asked or not asked & {*names, "within", "all"}:
        return {}
    now = visit.parts.clock.now()
    _, length = WITHIN.get(visit.query.get("within", ""), ("", None))
    return {end: now.isoformat()} | ({"since": (now - length).isoformat()} if length else {})


def _done(visit: Visit, action: str, outcome: BulkOutcome) -> str:
    note = WORDS[action][1] if outcome.count else "nothing"
    if action in {"cancel", "run"}:
        asked = {name: visit.query[name] for name in _UNENDED if name in visit.query}
        return link("/search", asked, note=note, n=outcome.count)
    return link("/dead", note=note, n=outcome.count)


def _cancel(visit: Visit, *, dry_run: bool) -> BulkCancelRequest:
    return BulkCancelRequest.model_validate(_body(visit, _UNENDED, dry_run=dry_run))


def _run(visit: Visit, *, dry_run: bool) -> UnendedBulkRequest:
    return UnendedBulkRequest.model_validate(_body(visit, _UNENDED, dry_run=dry_run))


def _dead(visit: Visit, *, dry_run: bool) -> DeadBulkRequest:
    body = _body(visit, _DEAD, dry_run=dry_run)
    if request.args.get("all") == "yes" and not {"filter", "job_ids"} & body.keys():
        body["all"] = True
    return DeadBulkRequest.model_validate(body)


def _body(visit: Visit, names: dict[str, str], *, dry_run: bool) -> dict[str, Any]:
    """The selection stands in the address, of the preview and of the form alike."""
    reason = visit.reason if dry_run else visit.must_say_why()
    body: dict[str, Any] = {"dry_run": dry_run, "reason": reason}
    ids = [job_id for job_id in request.args.getlist("id") if job_id]
    conditions = {names[name]: visit.query[name] for name in names if name in visit.query}
    if unknown := _not_understood(visit, names):
        raise InvalidOption(
            f"this action cannot be limited by {', '.join(unknown)}", field="filter"
        )
    if ids:
        body["job_ids"] = ids
    elif conditions:
        body["filter"] = conditions
    return body


def _not_understood(visit: Visit, names: dict[str, str]) -> list[str]:
    """A condition that would be dropped would make the selection larger than what was looked at."""
    known = {*names, "id", "all", "cursor", "state"}
    return sorted(set(visit.query) - known)
